// The three parts of undici that are used, each imported by itself: the whole package takes three
// times as long to load.
// oxlint-disable-next-line typescript/triple-slash-reference -- its types are not for all of src/
/// <reference path="./undici-parts.d.ts" />
export { default as buildConnector } from 'undici/lib/core/connect.js';
export { default as Client } from 'undici/lib/dispatcher/client.js';
export { default as Pool } from 'undici/lib/dispatcher/pool.js';
