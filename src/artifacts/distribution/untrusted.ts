// Reading text and JSON that others wrote, without throwing: null is for what cannot be read.

/** Null when it is not UTF-8: then the text would not lead back to the same bytes. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // TextDecoder has no other way to say so
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // JSON.parse has no other way to say so
  }
}
