// How large the stretches of a file are that have a checksum of their own, by which a damage is found
// later: small enough to fetch one again, and few even of large files.

export const chunkBytes = 16 * 1024 * 1024;
