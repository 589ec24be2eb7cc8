/** A header that cannot be true. The message ends a sentence that begins with the file. */
export class HeaderError extends Error {}
