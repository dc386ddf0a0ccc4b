import { defineConfig, loadEnv, type Plugin } from 'vite';

/** `npm run dev` forwards the sockets to a running server: WEFT_URL, or the address of `make run`. */
const { WEFT_URL = 'http://127.0.0.1:8080' } = loadEnv('', '.', 'WEFT_');

/** The page of the reference asks nobody else for anything, not even for the logo of its library. */
const nothingFromElsewhere: Plugin = {
  name: 'nothing-from-elsewhere',
  // A file reader for servers, which the bundle names but has no use for.
  resolveId: (source) => (source === 'null' ? '\0nothing' : null),
  load: (id) => (id === '\0nothing' ? 'export default {}' : null),
  transform(code, id) {
    if (!id.includes('redoc.standalone')) return null;
    const parts = code.split('https://cdn.redoc.ly/redoc/logo-mini.svg');
    if (parts.length < 2) throw new Error('the logo of the reference comes from somewhere else now');
    return { code: parts.join('data:,'), map: null };
  },
};

const PAGES_OF_ACCOUNTS = /^\/((boards|documents|tasks|webhooks)(\/[^/.]*)?|inbox|preferences)(\?|$)/;

/** What the server does: the pages for people with accounts are another entry. */
const boardsHaveAPage: Plugin = {
  name: 'boards-have-a-page',
  configureServer({ middlewares }) {
    middlewares.use((request, _response, next) => {
      const asked = request as { url?: string };
      if (PAGES_OF_ACCOUNTS.test(asked.url ?? '')) asked.url = '/boards.html';
      next();
    });
  },
};

const WORKER = 'push-worker';

/** The worker is at the root, so that every page is in its scope, and one file, as not every browser takes modules there. */
const workerAtTheRoot: Plugin = {
  name: 'worker-at-the-root',
  configureServer({ middlewares }) {
    middlewares.use((request, _response, next) => {
      const asked = request as { url?: string };
      if (asked.url === `/${WORKER}.js`) asked.url = '/src/push-worker/worker.ts';
      next();
    });
  },
  generateBundle(_options, bundle) {
    const worker = bundle[`${WORKER}.js`];
    if (
      worker?.type !== 'chunk' ||
      [worker.imports, worker.dynamicImports, worker.exports].some(({ length }) => length > 0)
    )
      throw new Error('the worker of Web Push is not one file');
  },
};

export default defineConfig({
  base: '/',
  plugins: [nothingFromElsewhere, boardsHaveAPage, workerAtTheRoot],
  server: { host: '127.0.0.1', proxy: { '/v1': { target: WEFT_URL, ws: true }, '/openapi.json': WEFT_URL } },
  build: {
    target: 'es2022',
    sourcemap: false,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: {
        index: 'index.html',
        reference: 'reference.html',
        account: 'account.html',
        boards: 'boards.html',
        [WORKER]: 'src/push-worker/worker.ts',
      },
      output: {
        entryFileNames: ({ name }) => (name === WORKER ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
});
