// Runs before each test file. A property is tried with the same inputs in every run, so that a test
// that fails after a change fails because of that change. Other inputs are for long runs:
//
//   MODELCTL_TEST_SEED=$RANDOM MODELCTL_TEST_RUNS=20000 npm run test:run -- test/plan
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['MODELCTL_TEST_SEED'] ?? 1) });
