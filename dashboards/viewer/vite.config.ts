import react from '@vitejs/plugin-react';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Plugin, defineConfig } from 'vite';
import { licenses } from './licenses';

// The editors of Perses bring a code editor along, half a megabyte that nobody opens here: whatever is asked of it is nothing.
const stub = '\0no-editor';
const noEditor: Plugin = {
  name: 'no-editor',
  enforce: 'pre',
  resolveId: (id) => (/^(@codemirror\/|@lezer\/|@uiw\/|codemirror|@prometheus-io\/(codemirror|lezer)-promql)/.test(id) ? stub : null),
  load: (id) =>
    id === stub
      ? {
          code: 'const nothing = new Proxy(function () {}, { get: (_, k) => (k === Symbol.toPrimitive ? () => "" : nothing), apply: () => nothing, construct: () => ({}) }); export default nothing;',
          syntheticNamedExports: true,
        }
      : null,
};

// The time axis' labels are cut off at the bottom in this version of the panel.
const axisRoom: Plugin = {
  name: 'axis-room',
  transform: (code, id) => (id.includes('TimeSeriesChartPanel.js') ? code.replace('bottom: 0', 'bottom: 6') : null),
};

// The chart's lines have colours of ours.
const palette: Plugin = {
  name: 'palette',
  enforce: 'pre',
  resolveId: (id, from) => (id === './utils/palette-gen' && from?.includes('timeseries-chart-plugin') ? join(import.meta.dirname, 'src/palette.ts') : null),
};

// The cells of a history are narrow where there are many, and of their white borders nothing else would be seen.
const noBorders: Plugin = {
  name: 'no-borders',
  transform: (code, id) => (id.includes('StatusHistoryChartBase.js') ? code.replace('borderWidth: 1', 'borderWidth: 0') : null),
};

// Of the font, browsers take the newer of two forms.
const oneFont: Plugin = {
  name: 'one-font',
  generateBundle(_, bundle) {
    for (const name of Object.keys(bundle)) if (name.endsWith('.woff')) delete bundle[name];
  },
};

// The dashboards are plain files beside the page.
let out = '';
const dashboards: Plugin = {
  name: 'dashboards',
  configResolved: (config) => void (out = config.build.outDir),
  closeBundle: () => cpSync('../perses', join(out, 'dashboards'), { recursive: true }),
};

export default defineConfig({
  base: './',
  define: { global: 'globalThis' },
  plugins: [noEditor, axisRoom, palette, noBorders, react(), oneFont, licenses, dashboards],
  resolve: {
    dedupe: ['react', 'react-dom', '@perses-dev/core', '@perses-dev/components', '@perses-dev/plugin-system', '@perses-dev/dashboards', '@mui/material', '@emotion/react', '@tanstack/react-query', 'echarts'],
  },
  build: { chunkSizeWarningLimit: 4000 },
});
