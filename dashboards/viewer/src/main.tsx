// The page: which dashboard, which look, and what is around it. It shows the files in ./dashboards, straight from the API of the
// Prometheus (or Thanos Query) that serves it under <prefix>/user/.
import { CssBaseline, ThemeProvider, useMediaQuery } from '@mui/material';
import { ChartsProvider, SnackbarProvider, generateChartsTheme, getTheme } from '@perses-dev/components';
import { PluginRegistry, RouterProvider } from '@perses-dev/plugin-system';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { QueryParamProvider } from 'use-query-params';
import { WindowHistoryAdapter } from 'use-query-params/adapters/window';
import { type AnchorHTMLAttributes, type ReactNode, forwardRef, useMemo } from 'react';
import { createRoot } from 'react-dom/client';
import { Away } from './away';
import { Page } from './page';
import { pluginLoader } from './plugins';

// Old answers are dropped soon, or a wall's memory grows by the minute.
const client = new QueryClient({ defaultOptions: { queries: { refetchOnWindowFocus: false, retry: 0, cacheTime: 20_000 } } });

const Anchor = forwardRef<HTMLAnchorElement, AnchorHTMLAttributes<HTMLAnchorElement> & { to?: string }>(({ to, ...rest }, ref) => <a ref={ref} href={to} {...rest} />);

function Look({ children }: { children: ReactNode }) {
  const wished = new URLSearchParams(location.search).get('theme');
  const dark = useMediaQuery('(prefers-color-scheme: dark)');
  const theme = useMemo(() => getTheme((wished ?? (dark ? 'dark' : 'light')) === 'dark' ? 'dark' : 'light'), [wished, dark]);
  const charts = useMemo(() => generateChartsTheme(theme, { echartsTheme: { timeAxis: { axisLabel: { margin: 8 } } } as never }), [theme]);
  return (
    <ThemeProvider theme={theme}>
      <CssBaseline />
      <ChartsProvider chartsTheme={charts}>{children}</ChartsProvider>
    </ThemeProvider>
  );
}

createRoot(document.getElementById('root')!).render(
  <Look>
    <SnackbarProvider>
      <QueryClientProvider client={client}>
        <RouterProvider RouterComponent={Anchor as never} navigate={(to) => location.assign(String(to))}>
          <PluginRegistry pluginLoader={pluginLoader} defaultPluginKinds={{ Panel: 'TimeSeriesChart', TimeSeriesQuery: 'PrometheusTimeSeriesQuery' }}>
            <QueryParamProvider adapter={WindowHistoryAdapter}>
              <Away />
              <Page />
            </QueryParamProvider>
          </PluginRegistry>
        </RouterProvider>
      </QueryClientProvider>
    </SnackbarProvider>
  </Look>,
);
