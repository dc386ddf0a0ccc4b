import { defineConfig, loadEnv } from 'vite';

/** `npm run dev` forwards the sockets to a running server: WEFT_URL, or the address of `make run`. */
const { WEFT_URL = 'http://127.0.0.1:8080' } = loadEnv('', '.', 'WEFT_');

export default defineConfig({
  base: '/',
  server: { host: '127.0.0.1', proxy: { '/v1': { target: WEFT_URL, ws: true } } },
  build: {
    target: 'es2022',
    sourcemap: false,
    chunkSizeWarningLimit: 600,
  },
});
