// How much one input may ask of us. A repository is written by others: nothing in it may take
// memory or time without a bound. Each is far above what people write by hand or generate.

/** A file of 100,000 models of five lines is about 14 MB. */
export const fileBytesMax = 16 * 1024 * 1024;

/** Documents in one file, empty ones included. */
export const documentsPerFileMax = 100_000;

/** Marks, words and line ends of one document; the parser holds about 1 kB for each. */
export const tokensPerDocumentMax = 200_000;

/** A model's prompt template has a few thousand; the parser takes about 100 bytes for each line. */
export const charactersPerDocumentMax = 2 * 1024 * 1024;

/** Lists and maps inside one another. Our deepest field is eight down. */
export const nestingMax = 64;

/** Values in one document once its aliases are written out: the guard against YAML bombs. */
export const valuesPerDocumentMax = 100_000;

/** Files below one folder, and folders inside one another. */
export const filesPerFolderMax = 100_000;
export const folderDepthMax = 64;

/** Beyond these a file's further problems are counted, not shown. */
export const problemsPerFileMax = 200;

/** Characters of a user's text that a message repeats. */
export const shownCharactersMax = 60;
