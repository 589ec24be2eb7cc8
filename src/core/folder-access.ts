/** What may be done with the files of a folder. In rising order. */
export type FolderAccess = 'none' | 'read' | 'write';
