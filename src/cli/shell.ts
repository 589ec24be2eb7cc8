// What a shell must be given so that a program gets this word.

/** Pure. As it is where nothing in it means anything to a shell, else in single quotes. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
