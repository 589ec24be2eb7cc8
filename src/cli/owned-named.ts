// What a person means by a name: a Model, or what clients call it. Exact; a name without a tag
// means its `:latest`, as engines have it.

interface Named {
  readonly name: string;
  readonly model: string;
}

/** A served name wins over a Model's name: it is the narrower of the two. */
export function ownedNamed<T extends Named>(known: readonly T[], name: string): readonly T[] {
  const served = known.filter((one) => one.name === name || one.name === `${name}:latest`);
  return served.length > 0 ? served : known.filter((one) => one.model === name);
}
