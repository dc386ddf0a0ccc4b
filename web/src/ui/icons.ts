/** Pictures of strokes on a field of 20 by 20, in the colour of the text around them. */

const PATHS = {
  plus: 'M10 4.5v11M4.5 10h11',
  more: 'M4.5 10h.01M10 10h.01M15.5 10h.01',
  close: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  check: 'M4.5 10.5l3.5 3.5 7.5-8',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM13.2 13.2l3.3 3.3',
  undo: 'M7.5 4 4 7.5 7.5 11M4.5 7.5h7a4.25 4.25 0 0 1 0 8.5H8',
  redo: 'M12.5 4 16 7.5 12.5 11M15.5 7.5h-7a4.25 4.25 0 0 0 0 8.5H12',
  archive: 'M3.5 4h13v3.2h-13zM4.7 7.2V15a1 1 0 0 0 1 1h8.6a1 1 0 0 0 1-1V7.2M8 10.3h4',
  trash:
    'M4 5.8h12M8 5.5V4h4v1.5M5.5 5.8l.7 9.7a1 1 0 0 0 1 .9h5.6a1 1 0 0 0 1-.9l.7-9.7M8.4 9v4.5M11.6 9v4.5',
  help: 'M7.6 7.7A2.5 2.5 0 0 1 12.5 8c0 1.7-2.5 2-2.5 3.6M10 14.2h.01M10 17.2a7.2 7.2 0 1 0 0-14.4 7.2 7.2 0 0 0 0 14.4Z',
  label: 'M3.8 9.6V4.6a.8.8 0 0 1 .8-.8h5l6.6 6.6a1 1 0 0 1 0 1.4l-4.4 4.4a1 1 0 0 1-1.4 0zM7 7h.01',
  person: 'M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM4 16.5c.5-2.8 2.9-4.3 6-4.3s5.5 1.5 6 4.3',
  flag: 'M5 17V3.5M5 4.2c3-1.6 5.5 1.6 10 0v7.3c-4.5 1.6-7-1.6-10 0',
  calendar: 'M4 5.2h12v11H4zM4 8.5h12M7.2 3.3v3.2M12.8 3.3v3.2',
  list: 'M8.5 5.5H16M8.5 10H16M8.5 14.5H16M3.5 5.3l1 1 1.6-1.8M3.5 9.8l1 1 1.6-1.8M3.5 14.3l1 1 1.6-1.8',
  text: 'M4 5.5h12M4 10h12M4 14.5h7',
  link: 'M8.6 11.4a2.8 2.8 0 0 0 4 0l2.6-2.6a2.8 2.8 0 0 0-4-4l-.9.9M11.4 8.6a2.8 2.8 0 0 0-4 0l-2.6 2.6a2.8 2.8 0 0 0 4 4l.9-.9',
  blocked: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM5.2 5.2l9.6 9.6',
  parts: 'M5 3.5v9.5a1.5 1.5 0 0 0 1.5 1.5H10M5 7.5h5M12 5.5h4.5v4H12zM12 12.5h4.5v4H12z',
  parent: 'M10 16V5M5.5 9 10 4.5 14.5 9',
  pencil: 'M4 16l.7-3.4 8.5-8.5a1.4 1.4 0 0 1 2 0l.7.7a1.4 1.4 0 0 1 0 2L7.4 15.3z',
  left: 'M12.5 4.5 7 10l5.5 5.5',
  right: 'M7.5 4.5 13 10l-5.5 5.5',
  up: 'M4.5 12.5 10 7l5.5 5.5',
  down: 'M4.5 7.5 10 13l5.5-5.5',
  move: 'M4 10h12M12 6l4 4-4 4',
  estimate: 'M4 16 10 4l6 12z',
  restore: 'M4 4.5v4h4M4.4 8.2A6.3 6.3 0 1 1 3.8 11',
  board: 'M3.5 4h13v12h-13zM8 4v12M12.2 4v8',
  signout: 'M11.5 3.5H5a1 1 0 0 0-1 1v11a1 1 0 0 0 1 1h6.5M9 10h8M14 7l3 3-3 3',
  copy: 'M7.5 7V4.5a1 1 0 0 1 1-1h7a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H13M4.5 7h7a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1Z',
  hook: 'M8.2 7.6a3 3 0 1 1 3.9 1.1l2 3.6M11 6.3l-3.3 6M13 12.2a2.6 2.6 0 1 1-1 3.6H6.9a2.6 2.6 0 1 1-2.5-3.6',
  bell: 'M10 3a4.6 4.6 0 0 1 4.6 4.6c0 4 1.6 5.2 1.6 6.2H3.8c0-1 1.6-2.2 1.6-6.2A4.6 4.6 0 0 1 10 3ZM8.2 16.4a2 2 0 0 0 3.6 0',
  inbox:
    'M3.5 11.5 5.6 4.6A1 1 0 0 1 6.5 4h7a1 1 0 0 1 .9.6l2.1 6.9V15a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1zM3.5 11.5h3.7l1 2h3.6l1-2h3.7',
  clock: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 6v4.2l2.8 1.8',
  send: 'M3.5 9.2 16.5 3.5l-4 13-3-5.6zM9.5 10.9l7-7.4',
  key: 'M12.7 11.3a4 4 0 1 0-3.9-3.1L3.5 13.5v3h3v-2h2v-2l1-1a4 4 0 0 0 3.2-.2ZM13.4 6.6h.01',
  settings: 'M4 6h7M15 6h1M4 14h1M9 14h7M13 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM7 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  power: 'M10 3.5v6M6.3 5.8a5.8 5.8 0 1 0 7.4 0',
  mail: 'M3.5 5h13v10h-13zM3.5 5.6 10 10.8l6.5-5.2',
  at: 'M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0ZM13 7v4a2 2 0 0 0 4 0v-1a7 7 0 1 0-2.8 5.6',
  comment:
    'M4 4.5h12a.8.8 0 0 1 .8.8v7.4a.8.8 0 0 1-.8.8h-6l-3.6 3v-3H4a.8.8 0 0 1-.8-.8V5.3a.8.8 0 0 1 .8-.8Z',
  grip: 'M8 5.5h.01M12 5.5h.01M8 10h.01M12 10h.01M8 14.5h.01M12 14.5h.01',
  'state-backlog': 'M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 1 0 0-13',
  'state-unstarted': 'M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 1 0 0-13',
  'state-started': 'M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 1 0 0-13M10.3 7.6v4.8a2.4 2.4 0 0 0 0-4.8Z',
  'state-completed': 'M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 1 0 0-13M7.2 10.2l2 2 3.7-4.2',
  'state-cancelled': 'M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 1 0 0-13M7.7 7.7l4.6 4.6M12.3 7.7l-4.6 4.6',
  'prio-low': 'M5 15.5v-3',
  'prio-medium': 'M5 15.5v-3M10 15.5v-6.5',
  'prio-high': 'M5 15.5v-3M10 15.5v-6.5M15 15.5v-11',
  'prio-urgent':
    'M10 5v6M10 14.5h.01M4.5 3.5h11a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1v-11a1 1 0 0 1 1-1Z',
} as const;

export type IconName = keyof typeof PATHS;

const SVG = 'http://www.w3.org/2000/svg';

/** A picture that says nothing: what it means stands beside it, or in the label of its button. */
export function icon(name: IconName): SVGSVGElement {
  const picture = document.createElementNS(SVG, 'svg');
  picture.setAttribute('viewBox', '0 0 20 20');
  picture.setAttribute('aria-hidden', 'true');
  picture.setAttribute('class', `icon icon-${name}`);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  picture.append(path);
  return picture;
}
