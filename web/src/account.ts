/**
 * Where the links in mails lead: `/account/verify-email`, `/account/reset-password`, `/account/accept-invitation`.
 *
 * The secret comes behind the `#`, which no browser sends to any server, and leaves the address bar at once.
 */

type Fields = Record<string, string>;
type Field = { name: string; label: string; type: 'email' | 'password' | 'text'; autocomplete: string };
type Said = { ok: boolean; text: string };

const PASSWORD = 'password';

const secret = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
history.replaceState(null, '', location.pathname);

const title = element('title');
const said = element('said');
const form = element('form') as HTMLFormElement;

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

/** Sends `body`; what came back as JSON, or the problem's own words as an error. */
async function post<T>(path: string, body: unknown, token?: string): Promise<T> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  const answer = text === '' ? {} : JSON.parse(text);
  if (!response.ok) {
    const details = (answer.details ?? []).map((detail: { message: string }) => detail.message);
    throw new Error(
      details.length > 0 ? details.join(' ') : (answer.message ?? 'The server did not answer.'),
    );
  }
  return answer as T;
}

function say({ ok, text }: Said): void {
  said.textContent = text;
  said.classList.toggle('wrong', !ok);
}

/** Shows a form, and what came of it. */
function ask(fields: Field[], action: string, submit: (values: Fields) => Promise<string>): void {
  form.replaceChildren(
    ...fields.map(({ name, label, type, autocomplete }) => {
      const input = Object.assign(document.createElement('input'), { name, type, required: true });
      input.setAttribute('autocomplete', autocomplete);
      const row = document.createElement('label');
      row.append(label, input);
      return row;
    }),
    Object.assign(document.createElement('button'), { type: 'submit', textContent: action }),
  );
  form.hidden = false;
  form.onsubmit = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value)]));
    try {
      const text = await submit(values);
      form.hidden = true;
      say({ ok: true, text });
    } catch (error) {
      say({ ok: false, text: (error as Error).message });
    }
  };
}

async function verifyEmail(): Promise<void> {
  title.textContent = 'Confirm your address';
  try {
    await post('/v1/auth/email/verify', { token: secret });
    say({ ok: true, text: 'Your e-mail address is confirmed.' });
  } catch (error) {
    say({ ok: false, text: (error as Error).message });
  }
}

function resetPassword(): void {
  title.textContent = 'Choose a new password';
  say({ ok: true, text: 'At least 8 characters. It ends all your sessions.' });
  const field: Field = {
    name: PASSWORD,
    label: 'New password',
    type: 'password',
    autocomplete: 'new-password',
  };
  ask([field], 'Set the password', async (values) => {
    await post('/v1/auth/password/reset', { token: secret, password: values[PASSWORD] });
    return 'Your password is changed. Log in with it.';
  });
}

function acceptInvitation(): void {
  title.textContent = 'Accept the invitation';
  say({ ok: true, text: 'Log in with the account that has the address which was invited.' });
  const fields: Field[] = [
    { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username' },
    { name: PASSWORD, label: 'Password', type: 'password', autocomplete: 'current-password' },
  ];
  ask(fields, 'Log in and accept', async (values) => {
    const session = await post<{ access_token: string }>('/v1/users/login', values);
    await post('/v1/invitations:accept', { token: secret }, session.access_token);
    return 'You are in.';
  });
}

const pages: Record<string, () => void> = {
  '/account/verify-email': () => void verifyEmail(),
  '/account/reset-password': resetPassword,
  '/account/accept-invitation': acceptInvitation,
};
const page = pages[location.pathname];
if (page && secret !== '') page();
else say({ ok: false, text: 'This link is not complete. Copy all of it out of the mail.' });
