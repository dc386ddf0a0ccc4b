/**
 * Server-sent events out of a text that comes in pieces, by the rules of the HTML standard. `EventSource` itself cannot
 * send an `Authorization` header.
 */

export interface StreamEvent {
  readonly type: string;
  readonly data: string;
  /** Where it stands; empty if the server did not say. */
  readonly id: string;
}

/** A server that sends more than this as one event is not believed. */
const MOST_CHARACTERS = 1_048_576;

export class EventStreamParser {
  /** The place up to which everything was told, for coming back. */
  lastId: string;

  #rest = '';
  #isFirst = true;
  /** Whether the piece before ended with a carriage return, whose line feed may follow. */
  #endedInReturn = false;
  #data: string[] = [];
  #size = 0;
  #type = '';
  #id: string;

  constructor(lastId = '') {
    this.lastId = lastId;
    this.#id = lastId;
  }

  /** The events that this piece completes. Throws if one has no end. */
  push(piece: string): StreamEvent[] {
    let text = piece;
    if (this.#isFirst && text !== '') {
      this.#isFirst = false;
      if (text.startsWith('\ufeff')) text = text.slice(1);
    }
    if (this.#endedInReturn && text !== '') {
      this.#endedInReturn = false;
      if (text.startsWith('\n')) text = text.slice(1);
    }
    this.#rest += text;
    const found: StreamEvent[] = [];
    const lines = this.#rest.split(/\r\n|\r|\n/);
    this.#endedInReturn = this.#rest.endsWith('\r');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = this.#line(line);
      if (event !== null) found.push(event);
    }
    if (this.#rest.length + this.#size > MOST_CHARACTERS) throw new Error('an event has no end');
    return found;
  }

  #line(line: string): StreamEvent | null {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    if (colon === 0) return null; // a comment
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length;
    } else if (field === 'event') {
      this.#type = value;
    } else if (field === 'id' && !value.includes('\0')) {
      this.#id = value;
    }
    return null;
  }

  /** An id counts from the end of its event on, also where there is no data. */
  #end(): StreamEvent | null {
    this.lastId = this.#id;
    const [data, type] = [this.#data, this.#type];
    this.#data = [];
    this.#size = 0;
    this.#type = '';
    return data.length === 0 ? null : { type: type || 'message', data: data.join('\n'), id: this.#id };
  }
}
