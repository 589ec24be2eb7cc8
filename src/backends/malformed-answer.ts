/** Why an answer cannot be used, as a sentence. The client adds which request it was. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}
