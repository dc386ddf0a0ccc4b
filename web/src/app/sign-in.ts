/** Logging in, making an account, and asking for a new password. */
import { fill, h, labelled } from '../ui/dom';
import { type Credentials, type Failure, post } from './credentials';

type Mode = 'log-in' | 'register' | 'forgot';

interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: 'email' | 'password' | 'text';
  readonly autocomplete: string;
}

const EMAIL: Field = { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username' };
const PASSWORD: Field = {
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'current-password',
};
const FIELDS: Readonly<Record<Mode, readonly Field[]>> = {
  'log-in': [EMAIL, PASSWORD],
  register: [
    { name: 'first_name', label: 'First name', type: 'text', autocomplete: 'given-name' },
    { name: 'last_name', label: 'Last name', type: 'text', autocomplete: 'family-name' },
    EMAIL,
    { ...PASSWORD, autocomplete: 'new-password' },
  ],
  forgot: [EMAIL],
};
const WORDS: Readonly<Record<Mode, { readonly title: string; readonly action: string }>> = {
  'log-in': { title: 'Log in', action: 'Log in' },
  register: { title: 'Make an account', action: 'Make the account' },
  forgot: { title: 'A new password', action: 'Send the mail' },
};

const here = { fetch: (path: string, init: RequestInit) => fetch(path, init) };

export function signInForm(credentials: Credentials): HTMLElement {
  const title = h('h1', {});
  const said = h('p', { class: 'said', role: 'status' });
  const form = h('form', { class: 'sign-in-form' });
  const others = h('p', { class: 'sign-in-others' });
  const show = (mode: Mode, words = '') => {
    title.textContent = WORDS[mode].title;
    said.textContent = words;
    said.classList.remove('wrong');
    const submit = h('button', { type: 'submit', class: 'primary' }, WORDS[mode].action);
    fill(
      form,
      ...FIELDS[mode].map(({ name, label, type, autocomplete }) =>
        labelled(label, h('input', { class: 'field', name, type, autocomplete, required: true })),
      ),
      submit,
    );
    fill(
      others,
      ...(mode === 'log-in'
        ? [
            link('Make an account', () => show('register')),
            ' · ',
            link('Forgot your password?', () => show('forgot')),
          ]
        : [link('Back to the login', () => show('log-in'))]),
    );
    form.onsubmit = async (event) => {
      event.preventDefault();
      const values = Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value)]));
      submit.disabled = true;
      const came = await attempt(credentials, mode, values);
      submit.disabled = false;
      if (came === 'mailed') {
        show('log-in', 'If there is an account with this address, a mail is on its way.');
      } else if (came !== 'in') {
        said.textContent = came.message;
        said.classList.add('wrong');
      }
    };
    form.querySelector('input')?.focus();
  };
  const card = h('div', { class: 'sign-in' }, title, said, form, others);
  show('log-in');
  queueMicrotask(() => form.querySelector('input')?.focus());
  return card;
}

async function attempt(
  credentials: Credentials,
  mode: Mode,
  values: Record<string, string>,
): Promise<Failure | 'in' | 'mailed'> {
  const { email = '', password = '' } = values;
  if (mode !== 'log-in') {
    const path = mode === 'register' ? '/v1/users/register' : '/v1/auth/password/forgot';
    const answer = await post(here, path, values);
    if (!answer.ok) return answer.failure;
    if (mode === 'forgot') return 'mailed';
  }
  return (await credentials.logIn(email, password)) ?? 'in';
}

function link(text: string, run: () => void): HTMLElement {
  return h('button', { type: 'button', class: 'text-link', on: { click: run } }, text);
}
