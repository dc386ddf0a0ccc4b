/** The board for whoever uses it from outside: what is shown, the moves, a board that is kept read. */

export { type At, type Hand, MoveError, type MoveErrorCode } from './editor';
export { BoardEditor } from './moves';
export { pruned } from './vectors';
export { type BoardView, view } from './view';
export { Watch } from './watch';
