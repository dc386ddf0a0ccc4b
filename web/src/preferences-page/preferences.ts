/** What somebody wants to be told, by which way, and when not. Everything is kept as soon as it is chosen. */
import type {
  Channel,
  NotificationPreferences,
  PreferencesPatch,
  TypePreference,
} from '../api/notifications';
import { listProjects, listWorkspaces } from '../app/boards';
import { chooser } from '../app/chooser';
import { wordsOf } from '../app/lists';
import type { OpenPage } from '../app/router';
import type { Shell } from '../app/shell';
import { changePreferences, getPreferences, type Scope } from '../notifications/calls';
import { fill, h, setText } from '../ui/dom';
import { sentence } from '../ui/words';
import { devicePart } from './device-part';
import { whenPart } from './when-part';
import { channelsOf, groupPreferences, isFixed, typeWords } from './words';
import './preferences.css';

const EVERYWHERE = '';

/** How the ways belong together. */
const WAYS = 'What does not come into Weft is sent in no other way.';

export async function openPreferences(shell: Shell): Promise<OpenPage> {
  const { api } = shell;
  const [workspaces, projects, first] = await Promise.all([
    listWorkspaces(api),
    listProjects(api),
    getPreferences(api, {}),
  ]);
  const names = new Map(workspaces.map(({ id, name }) => [id, name]));
  const places = new Map<string, Scope>([[EVERYWHERE, {}]]);
  const choices = [{ id: EVERYWHERE, name: 'Everywhere' }];
  for (const { id, name } of workspaces) {
    places.set(id, { workspace_id: id });
    choices.push({ id, name: `Workspace ${name}` });
    for (const project of projects.filter(({ workspace_id }) => workspace_id === id)) {
      places.set(project.id, { project_id: project.id });
      choices.push({ id: project.id, name: `${names.get(id) ?? ''} › ${project.name}` });
    }
  }
  const page = new PreferencesPage(shell, first);
  page.offer(chooser('Where', choices, EVERYWHERE, (chosen) => void page.look(places.get(chosen) ?? {})));
  return { title: 'Preferences', element: page.element, close: () => page.close() };
}

class PreferencesPage {
  readonly element: HTMLElement;
  #scope: Scope = {};
  #kept: NotificationPreferences;
  #turn = 0;
  /** Changes are sent one after the other, so that the last one counts. */
  #queue: Promise<unknown> = Promise.resolve();

  readonly #head = h('div', { class: 'page-head' }, h('h1', {}, 'Notification preferences'));
  readonly #said = h('p', { class: 'said', role: 'status', 'data-testid': 'kept' });
  readonly #hint = h('p', { class: 'hint' });
  readonly #matrix = h('div', { class: 'matrix-frame' });
  readonly #ways = h('p', { class: 'hint' }, WAYS);
  readonly #when = h('div', {});
  readonly #devices = h('div', { hidden: true });

  constructor(
    private readonly shell: Shell,
    first: NotificationPreferences,
  ) {
    this.#kept = first;
    this.element = h(
      'div',
      { class: 'preferences' },
      this.#head,
      h('div', { class: 'preferences-said' }, this.#hint, this.#said),
      this.#matrix,
      this.#ways,
      this.#when,
      this.#devices,
    );
    this.#draw();
    if (first.channels.includes('push')) void this.#offerDevices();
  }

  /** The page does not wait for it. */
  async #offerDevices(): Promise<void> {
    try {
      fill(this.#devices, await devicePart(this.shell));
    } catch (error) {
      fill(this.#devices, h('p', { class: 'said wrong' }, sentence(wordsOf(error))));
    }
  }

  close(): void {
    this.#turn += 1;
  }

  offer(choice: HTMLElement | null): void {
    if (choice !== null) this.#head.append(choice);
  }

  async look(scope: Scope): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const kept = await getPreferences(this.shell.api, scope);
      if (turn !== this.#turn) return;
      this.#scope = scope;
      this.#kept = kept;
      this.#say('', true);
      this.#draw();
    } catch (error) {
      if (turn === this.#turn) this.#say(sentence(wordsOf(error)), false);
    }
  }

  #say(words: string, isGood: boolean): void {
    setText(this.#said, words);
    this.#said.classList.toggle('wrong', !isGood);
  }

  /** Whether the server has kept it; what it did not is shown as it was. */
  #change(change: PreferencesPatch): Promise<boolean> {
    const [scope, turn] = [this.#scope, this.#turn];
    const sent = this.#queue.then(async () => {
      try {
        const kept = await changePreferences(this.shell.api, scope, change);
        if (turn !== this.#turn) return true;
        this.#kept = kept;
        this.#say('Kept.', true);
        return true;
      } catch (error) {
        if (turn === this.#turn) this.#say(sentence(wordsOf(error)), false);
        return false;
      }
    });
    this.#queue = sent;
    this.#say('', true);
    return sent;
  }

  #draw(): void {
    const { workspace_id, project_id } = this.#scope;
    setText(
      this.#hint,
      project_id
        ? 'These count in this project, before those of its workspace.'
        : workspace_id
          ? 'These count in this workspace, before those that count everywhere.'
          : 'These count everywhere, unless a workspace or a project has others.',
    );
    fill(this.#matrix, this.#drawMatrix());
    const hasMore = this.#kept.channels.length > 1;
    this.#ways.hidden = !hasMore;
    const isShown = workspace_id === undefined && project_id === undefined && hasMore;
    this.#devices.hidden = !isShown;
    this.#when.hidden = !isShown;
    fill(this.#when, isShown ? whenPart(this.#kept, (change) => this.#change(change)) : null);
  }

  #drawMatrix(): HTMLElement {
    const channels = channelsOf(this.#kept);
    return h(
      'table',
      { class: 'matrix' },
      h('caption', { class: 'hidden' }, 'What you are told, by which way'),
      h(
        'thead',
        {},
        h('tr', {}, h('td', {}), ...channels.map(([, label]) => h('th', { scope: 'col' }, label))),
      ),
      ...groupPreferences(this.#kept.types).map(({ name, types }) =>
        h(
          'tbody',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'rowgroup', colspan: channels.length + 1, class: 'matrix-group' }, name),
          ),
          ...types.map((type) => this.#row(type, channels)),
        ),
      ),
    );
  }

  #row(preference: TypePreference, channels: readonly (readonly [Channel, string])[]): HTMLElement {
    const { label, hint } = typeWords(preference.type);
    const words = preference.is_fixed ? `${hint} Always in your inbox.` : hint;
    return h(
      'tr',
      { 'data-type': preference.type },
      h('th', { scope: 'row' }, label, words === '' ? null : h('small', {}, words)),
      ...channels.map(([channel, way]) => h('td', {}, this.#box(preference, channel, `${label}: ${way}`))),
    );
  }

  #box(kept: TypePreference, channel: Channel, label: string): HTMLElement {
    const box = h('input', {
      type: 'checkbox',
      'aria-label': label,
      checked: kept[channel],
      disabled: isFixed(kept, channel),
    });
    box.addEventListener('change', async () => {
      const wanted = box.checked;
      if (!(await this.#change({ types: [{ type: kept.type, [channel]: wanted }] }))) box.checked = !wanted;
    });
    // A larger target than the box itself.
    return h('label', { class: 'matrix-cell' }, box);
  }
}
