/** The form of an endpoint, for a new one and for one that is changed. */

import { listProjects } from '../app/boards';
import { openFormDialog } from '../app/form-dialog';
import { PageError, type Shell } from '../app/shell';
import { h, labelled } from '../ui/dom';
import {
  changeEndpoint,
  changeTo,
  createEndpoint,
  type Endpoint,
  listEventTypes,
  readForChange,
  type Wanted,
} from './calls';
import { type Choice, choice } from './choice';
import { groupTypes, MOST_TYPES } from './event-groups';
import { headersPart } from './headers-part';
import { limitOf, WHY_NOT_LIMIT } from './rate-limit';
import { signaturesPart } from './signatures-part';

interface Form {
  readonly fields: readonly HTMLElement[];
  read(): Wanted;
}

async function endpointForm(shell: Shell, workspace: string, now: Endpoint | null): Promise<Form> {
  const [types, projects] = await Promise.all([listEventTypes(shell.api), listProjects(shell.api)]);
  const url = h('input', {
    class: 'field',
    name: 'url',
    type: 'url',
    required: true,
    maxlength: 2048,
    placeholder: 'https://example.com/hook',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  url.value = now?.url ?? '';
  const description = h('input', {
    class: 'field',
    name: 'description',
    maxlength: 500,
    placeholder: 'What it is for',
  });
  description.value = now?.description ?? '';
  const events = choice(
    { legend: 'Which events', all: 'All, also those to come', some: 'Only these', find: 'Find an event' },
    groupTypes(types).map(({ name, types }) => ({
      name,
      options: types.map(({ type, description }) => ({ value: type, label: type, hint: description })),
    })),
    now?.event_types ?? [],
  );
  const limit = h('input', {
    class: 'field limit',
    name: 'rate_limit',
    inputmode: 'numeric',
    maxlength: 20,
    placeholder: 'No limit',
    autocomplete: 'off',
  });
  limit.value = now?.rate_limit == null ? '' : String(now.rate_limit);
  const headers = headersPart(Object.keys(now?.headers ?? {}));
  const signatures = signaturesPart(now?.signatures ?? ['v1']);
  const own = projects.filter(({ workspace_id }) => workspace_id === workspace);
  const places = choice(
    {
      legend: 'Of which projects',
      all: 'Everything in the workspace',
      some: 'Only these projects',
      find: 'Find a project',
    },
    [{ name: null, options: own.map(({ id, name }) => ({ value: id, label: name })) }],
    now?.project_ids ?? [],
  );
  return {
    fields: [
      labelled('Address that messages are sent to', url),
      labelled('Description', description),
      events.element,
      places.element,
      headers.element,
      labelled('Attempts a second, at most', limit),
      signatures.element,
    ],
    read() {
      return {
        url: url.value.trim(),
        description: description.value.trim(),
        event_types: chosen(events, 'an event'),
        project_ids: chosen(places, 'a project'),
        headers: headers.read(),
        rate_limit: readLimit(limit),
        signatures: signatures.read(),
      };
    },
  };
}

function chosen(from: Choice, what: string): string[] {
  const values = from.chosen();
  if (values === null) throw new PageError(`Choose ${what}, or all of them.`);
  if (values.length > MOST_TYPES) throw new PageError(`Choose at most ${MOST_TYPES}, or all of them.`);
  return values;
}

function readLimit(field: HTMLInputElement): number | null {
  const limit = limitOf(field.value);
  if (limit !== undefined) return limit;
  const why = new PageError(WHY_NOT_LIMIT);
  why.fields = [field.name];
  throw why;
}

export async function openNewEndpoint(
  shell: Shell,
  workspace: string,
  made: (endpoint: Endpoint) => void,
): Promise<void> {
  const form = await endpointForm(shell, workspace, null);
  let endpoint: Endpoint | null = null;
  openFormDialog({
    title: 'New endpoint',
    action: 'Make the endpoint',
    fields: [h('div', { class: 'form-fields' }, ...form.fields)],
    async submit() {
      endpoint = await createEndpoint(shell.api, workspace, form.read());
    },
    afterwards: () => {
      if (endpoint !== null) made(endpoint);
    },
  });
}

export async function openEditEndpoint(
  shell: Shell,
  id: string,
  changed: (endpoint: Endpoint) => void,
): Promise<void> {
  const [endpoint, etag] = await readForChange(shell.api, id);
  const form = await endpointForm(shell, endpoint.workspace_id, endpoint);
  openFormDialog({
    title: 'Change the endpoint',
    action: 'Keep the changes',
    fields: [h('div', { class: 'form-fields' }, ...form.fields)],
    async submit() {
      changed(await changeEndpoint(shell.api, id, changeTo(form.read()), etag));
    },
  });
}
