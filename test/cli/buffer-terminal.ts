// A terminal that remembers what was written to it.
import type { Terminal, TextStream } from '../../src/cli/terminal.ts';

export interface BufferTerminal extends Terminal {
  readonly out: () => string;
  readonly err: () => string;
  /** As if the reader of stdout had gone. */
  readonly close: () => void;
}

export interface BufferOptions {
  readonly isTty?: boolean;
  readonly columns?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export function createBufferTerminal(options: BufferOptions = {}): BufferTerminal {
  const { isTty = false, columns = 80, environment = {} } = options;
  let isClosed = false;
  const buffer = (): { stream: TextStream; text: () => string } => {
    const parts: string[] = [];
    return {
      stream: {
        isTty,
        columns: () => columns,
        write: (text) => {
          parts.push(text);
        },
        isClosed: () => isClosed,
      },
      text: () => parts.join(''),
    };
  };
  const stdout = buffer();
  const stderr = buffer();
  return {
    stdout: stdout.stream,
    stderr: stderr.stream,
    environment: (name) => environment[name],
    workingFolder: '/home/user/models',
    out: stdout.text,
    err: stderr.text,
    close: () => {
      isClosed = true;
    },
  };
}
