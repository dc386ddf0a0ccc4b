/** The board of a document in the playground: nobody has an account there, so people are called by their names. */
import type { DocumentConnection } from '../document-connection';
import type { Person } from '../identity';
import { Board } from './board';
import { type Directory, idOfName } from './names';

export interface PlaygroundBoardOptions {
  readonly connection: DocumentConnection;
  readonly me: () => Person;
  /** Everybody who is here. */
  readonly people: () => readonly Person[];
}

export function openPlaygroundBoard({ connection, me, people }: PlaygroundBoardOptions): Board {
  const self = () => idOfName(me().name);
  // Two people of one name are one on a card.
  const directory = (): Directory => ({
    isOpen: true,
    members: [...new Map(people().map(({ name }) => [idOfName(name), name]))].flatMap(([id, name]) =>
      id === null ? [] : [{ id, name }],
    ),
  });
  return new Board({ connection, by: null, me, self, directory, mayFound: true });
}
