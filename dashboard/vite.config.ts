// The build: relative addresses, so that the pages work behind any BASE_PATH; nothing inline, so that a strict content security policy holds.

import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const hub = process.env.MCPHUB_URL ?? 'http://localhost:3000';

export default defineConfig({
  base: './',
  plugins: [react(), tailwind()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { host: '127.0.0.1', proxy: { '/api': { target: hub, changeOrigin: true } } },
  // Machines that build something beside are slow.
  test: { testTimeout: 30_000, environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'], setupFiles: ['src/test-setup.ts'] },
});
