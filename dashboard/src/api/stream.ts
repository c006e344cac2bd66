// Server-sent events over fetch, which can send the login in a header (`EventSource` cannot).

export interface Told {
  event: string;
  data: string;
}

/** Cuts a growing text into events (WHATWG HTML 9.2.6; ids and retry times are not used here). */
export class Cutter {
  private rest = '';
  private event = '';
  private data: string[] = [];

  /** The events that this piece completes. */
  take(piece: string): Told[] {
    const told: Told[] = [];
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.data.length > 0) told.push({ event: this.event || 'message', data: this.data.join('\n') });
        this.event = '';
        this.data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') this.event = value;
      if (field === 'data') this.data.push(value);
    }
    return told;
  }
}

/** Reads a stream to its end. `heard` is told of each piece, also of one that says nothing. */
export async function follow(stream: Response, hear: (told: Told) => void, heard = () => {}): Promise<void> {
  if (stream.body === null) return;
  const cutter = new Cutter();
  const words = new TextDecoder();
  const reader = stream.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    for (const told of cutter.take(words.decode(value, { stream: true }))) hear(told);
  }
}
