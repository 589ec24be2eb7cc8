// The validator of each kind, as generated from the schemas.
import type { Kind } from '../core/resource.ts';
import {
  backend,
  category,
  hardwareTarget,
  host,
  model,
  registry,
  type Validator,
} from '../generated/validators.js';
import type { Manifest } from './rules.ts';

export const validatorOf: Readonly<Record<Kind, Validator<Manifest>>> = {
  Model: model,
  Category: category,
  HardwareTarget: hardwareTarget,
  Host: host,
  Backend: backend,
  Registry: registry,
};
