import { Box, Link, Typography } from '@mui/material';
import { TimeRangeControls, TimeRangeProviderWithQueryParams, useInitialRefreshInterval, useInitialTimeRange, useTimeRange } from '@perses-dev/plugin-system';
import type { DashboardResource, GlobalDatasourceResource } from '@perses-dev/core';
import { Dashboard, DatasourceStoreProvider, VariableList } from '@perses-dev/dashboards';
import { DashboardProvider, VariableProviderWithQueryParams } from '@perses-dev/dashboards';
import { useEffect, useState } from 'react';
import { api, link } from './api';
import { useRounds } from './rounds';

interface Entry {
  name: string;
  title: string;
  description: string;
}

const source = {
  kind: 'GlobalDatasource',
  metadata: { name: 'prometheus' },
  // Without the scrape interval the smallest step is a minute. Twice the real one: rates then stand on two minutes, and on histories with a
  // sample a minute, too.
  spec: { default: true, plugin: { kind: 'PrometheusDatasource', spec: { directUrl: api, scrapeInterval: '30s' } } },
} as unknown as GlobalDatasourceResource;

const datasourceApi = {
  getDatasource: async () => undefined,
  getGlobalDatasource: async () => source,
  listDatasources: async () => [],
  listGlobalDatasources: async () => [source],
  buildProxyUrl: () => api,
};

const file = async (name: string) => {
  const answer = await fetch(`./dashboards/${name}.json`);
  if (!answer.ok) throw new Error(`dashboards/${name}.json: ${answer.status}`);
  return answer.json();
};

// Page fetches the menu and the dashboard that the address asks for.
export function Page() {
  const wall = new URLSearchParams(location.search).get('wall') === '1';
  const wished = new URLSearchParams(location.search).get('d') ?? 'wire-wall';
  const name = useRounds(wall, wished);
  const [menu, setMenu] = useState<Entry[]>([]);
  const [board, setBoard] = useState<DashboardResource>();
  const [problem, setProblem] = useState('');
  useEffect(() => void file('index').then(setMenu, (e) => setProblem(String(e))), []);
  useEffect(() => {
    if (!/^[a-z-]+$/.test(name)) return setProblem(`There is no dashboard ${name}.`);
    file(name).then(setBoard, (e) => setProblem(String(e)));
  }, [name]);
  useEffect(() => {
    document.title = 'wire: ' + (menu.find((e) => e.name === name)?.title ?? name);
  }, [menu, name]);
  if (problem) return <Typography sx={{ p: 3 }}>{problem}</Typography>;
  if (!board) return null;
  return <View key={board.metadata.name} board={board} menu={wall ? null : menu} />;
}

// View is a dashboard with its bar; without a menu (on a wall) the bar is hidden, but there: it is what resolves the variables.
function View({ board, menu }: { board: DashboardResource; menu: Entry[] | null }) {
  const range = useInitialTimeRange(board.spec.duration);
  const refresh = useInitialRefreshInterval(board.spec.refreshInterval ?? '0s');
  return (
    <DatasourceStoreProvider dashboardResource={board} datasourceApi={datasourceApi as never}>
      <DashboardProvider initialState={{ dashboardResource: board, isEditMode: false }}>
        <TimeRangeProviderWithQueryParams initialTimeRange={range} initialRefreshInterval={refresh}>
          <VariableProviderWithQueryParams initialVariableDefinitions={board.spec.variables} builtinVariableDefinitions={[]}>
            <Box sx={menu ? { position: 'sticky', top: 0, zIndex: 5, display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 1, p: 1, bgcolor: 'background.default' } : { display: 'none' }}>
              {menu?.map((e) => (
                <Link key={e.name} href={link(e.name)} title={e.description} underline={e.name === board.metadata.name ? 'always' : 'hover'} sx={{ px: 0.5 }}>
                  {e.title}
                </Link>
              ))}
              <Box sx={{ flexGrow: 1 }} />
              <VariableList />
              <TimeRangeControls />
            </Box>
            {!menu && <Head title={board.spec.display?.name ?? ''} />}
            <Box sx={{ p: 1 }}>
              <Dashboard />
            </Box>
          </VariableProviderWithQueryParams>
        </TimeRangeProviderWithQueryParams>
      </DashboardProvider>
    </DatasourceStoreProvider>
  );
}

// Head says on a wall which dashboard it is, and of when its values are: that stands still where the page does.
function Head({ title }: { title: string }) {
  const { absoluteTimeRange } = useTimeRange();
  return (
    <Typography component="div" sx={{ display: 'flex', justifyContent: 'space-between', px: 1, pt: 0.5 }}>
      <span>{title}</span>
      <span>{absoluteTimeRange.end.toLocaleTimeString()}</span>
    </Typography>
  );
}
