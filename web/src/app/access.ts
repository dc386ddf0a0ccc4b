/** Asking to see a document, where it is not there for whoever looks; and who asks, for those who may share it. */
import type { Api, Schemas } from '../api/client';
import { fill, h, labelled, setText } from '../ui/dom';
import { sentence } from '../ui/words';
import { type BoardInfo, getBoard } from './boards';
import { done, good, part, wordsOf } from './lists';
import { PageError } from './shell';

type AccessRequest = Schemas['AccessRequest'];
type Role = Schemas['DocumentRole'];

const MISSING = 'They ask no longer, or were let in by somebody else.';
/** What somebody is let in as, the least first. */
const ROLES: readonly (readonly [Role, string])[] = [
  ['viewer', 'may view'],
  ['commenter', 'may comment'],
  ['editor', 'may edit'],
];

/** A document, or a failure that offers to ask for it. */
export async function openOrAsk(api: Api, id: string, missing?: string): Promise<BoardInfo> {
  try {
    return await getBoard(api, id, missing);
  } catch (error) {
    if (error instanceof PageError && error.status === 404) error.offer = askPart(api, id);
    throw error;
  }
}

/** What is said is the same whether there is such a document or not, as the server's answer is. */
function askPart(api: Api, id: string): HTMLElement {
  const message = h('textarea', { class: 'field', rows: 3, maxlength: 500 });
  const said = h('p', { class: 'said', role: 'status' });
  const action = h('button', { type: 'submit', class: 'tool framed' }, 'Ask to see it');
  const form = h(
    'form',
    { class: 'ask-part', 'data-testid': 'ask-access' },
    labelled('Is it somebody’s in a workspace of yours? Say what you need it for.', message),
    action,
    said,
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    action.disabled = true;
    const asking = api.POST('/v1/documents/{document_id}/access-requests', {
      params: { path: { document_id: id } },
      body: { message: message.value },
    });
    try {
      await done(asking);
      setText(said, 'If there is such a document, those who may share it are told.');
    } catch (error) {
      action.disabled = false;
      setText(said, sentence(wordsOf(error)));
    }
  });
  return form;
}

/** Who asks to see a document; nothing is shown to others than its owners, or if nobody does. */
export function askersPart(api: Api, info: BoardInfo): HTMLElement {
  const list = h('ul', {
    class: 'askers',
    'data-testid': 'askers',
    'aria-label': 'Who asks to see this',
    hidden: true,
  });
  const said = h('p', { class: 'said wrong', role: 'alert' });
  const read = async () => {
    const query = { limit: 20 };
    const path = { document_id: info.id };
    const { rows } = await part(
      api.GET('/v1/documents/{document_id}/access-requests', { params: { path, query } }),
    );
    list.hidden = rows.length === 0;
    fill(list, ...rows.map((row) => askerRow(row, decide)));
  };
  const decide = async (request: AccessRequest, role: Role | null) => {
    const params = { path: { document_id: info.id, user_id: request.user_id } };
    setText(said, '');
    try {
      if (role === null) {
        await done(
          api.POST('/v1/documents/{document_id}/access-requests/{user_id}:decline', { params }),
          MISSING,
        );
      } else {
        const path = '/v1/documents/{document_id}/access-requests/{user_id}:grant';
        await good(api.POST(path, { params, body: { role } }), MISSING);
      }
    } catch (error) {
      setText(said, sentence(wordsOf(error)));
    }
    await read().catch(() => {});
  };
  // Without the list the document is of as much use as before.
  if (info.role === 'owner') void read().catch(() => {});
  return h('div', {}, list, said);
}

function askerRow(
  request: AccessRequest,
  decide: (request: AccessRequest, role: Role | null) => Promise<void>,
): HTMLElement {
  const { display_name: name, message } = request;
  const role = h(
    'select',
    { class: 'field', 'aria-label': `What ${name} may do` },
    ...ROLES.map(([value, label]) => h('option', { value }, label)),
  );
  const button = (label: string, run: () => Role | null) =>
    h(
      'button',
      { type: 'button', class: 'tool framed', on: { click: () => void decide(request, run()) } },
      label,
    );
  return h(
    'li',
    { class: 'notice' },
    h('div', {}, h('strong', {}, name), ' asks to see this.', message === '' ? null : h('p', {}, message)),
    role,
    button('Let in', () => ROLES.find(([value]) => value === role.value)?.[0] ?? 'viewer'),
    button('Decline', () => null),
  );
}
