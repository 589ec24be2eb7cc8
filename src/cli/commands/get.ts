// `modelctl get`: models, backends, hosts, sets, transfers or registries, as a list.

import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { Survey, SurveyedHost, SurveyedSet } from '../../core/surveyed.ts';
import { backendColumns, modelColumns } from '../../render/model-table.ts';
import { backendItem, hostItem, modelItem, setItem } from '../../render/survey-document.ts';
import type { Column } from '../../render/table.ts';
import { isSet } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import type { Listing } from '../list-output.ts';
import { printNamed } from '../named-list.ts';
import {
  modelsNamed,
  selectorOf,
  surveyExitCode,
  surveyInView,
  tellUnreachable,
} from '../survey-view.ts';

export const get: CommandRun = async (context) => {
  const [kind = 'models', ...names] = context.given.positionals;
  // Neither asks an engine.
  if (kind === 'transfers' || kind === 'transfer') {
    return (await import('../transfer-list.ts')).getTransfers(names, context);
  }
  if (kind === 'registries' || kind === 'registry') {
    return (await import('../registry-list.ts')).getRegistries(names, context);
  }
  if (isSet(context.given, 'watch')) {
    if (kind !== 'models' && kind !== 'model') throw onlyModels(kind);
    return (await import('../following-models.ts')).followModels(names, context);
  }
  const isSelected = selectorOf(context);
  const found = await surveyInView(context);
  const code = surveyExitCode(found);
  switch (kind) {
    case 'backends':
    case 'backend':
      return printNamed(backendList(found), names, context, code);
    case 'hosts':
    case 'host':
      return printNamed(hostList(found), names, context, code);
    case 'sets':
    case 'set':
      return printNamed(setList(found), names, context, code);
    default: {
      const io = await context.io();
      const rows = found.models.filter(isSelected);
      tellUnreachable(found, context);
      const listing = { ...modelList(io.clock.now()), rows, empty: noModels(found) };
      const finds = (name: string) => modelsNamed(rows, name);
      return printNamed(listing, names, context, code, finds);
    }
  }
};

const onlyModels = (kind: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/invalid-argument',
      summary: 'Invalid argument',
      detail: `-w follows models only, not ${kind}.`,
      remedy: 'modelctl get models -w',
    }),
  );

const modelList = (now: number) => ({
  kind: 'ModelList',
  columns: modelColumns(now),
  item: modelItem,
  name: (one: Survey['models'][number]) => `model/${one.name}`,
});

const noModels = ({ backends }: Survey): string =>
  backends.every(({ problem }) => problem === null)
    ? 'No models.'
    : 'No models on the engines that answer; `modelctl get backends` shows which do.';

function backendList(found: Survey): Listing<Survey['backends'][number] & { models: number }> {
  const rows = found.backends.map((one) => ({
    ...one,
    models: found.models.filter(
      ({ host, backend, presence }) =>
        presence === 'there' && host === one.reference.host && backend === one.reference.id,
    ).length,
  }));
  const name = ({ reference }: (typeof rows)[number]) =>
    `backend/${reference.name ?? reference.type}`;
  return {
    kind: 'BackendList',
    rows,
    columns: backendColumns,
    item: backendItem,
    name,
    empty: 'No backends.',
  };
}

const hostColumns: readonly Column<SurveyedHost>[] = [
  { heading: 'NAME', cell: (host) => host.name },
  { heading: 'THIS MACHINE', cell: (host) => (host.isThisMachine ? 'yes' : 'no') },
  { heading: 'HOSTNAMES', cell: (host) => host.hostnames.join(', ') },
  {
    heading: 'LABELS',
    cell: (host) =>
      Object.entries(host.labels)
        .map((pair) => pair.join('='))
        .join(','),
  },
];

const hostList = (found: Survey): Listing<SurveyedHost> => ({
  kind: 'HostList',
  rows: found.hosts,
  columns: hostColumns,
  item: hostItem,
  name: (host) => `host/${host.name}`,
  empty: 'No hosts.',
});

const setColumns: readonly Column<SurveyedSet>[] = [
  { heading: 'ID', cell: (set) => set.id },
  { heading: 'MODELS', cell: (set) => String(set.models.length), align: 'right' },
  { heading: 'LOCATION', cell: (set) => set.location ?? '' },
  { heading: 'NAMES', cell: (set) => set.models.join(', '), wide: true },
];

const setList = (found: Survey): Listing<SurveyedSet> => ({
  kind: 'SetList',
  rows: found.sets,
  columns: setColumns,
  item: setItem,
  name: (set) => `set/${set.id}`,
  empty: 'No set owns anything on this machine.',
});
