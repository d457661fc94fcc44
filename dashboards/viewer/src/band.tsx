import { Box, Typography, useTheme } from '@mui/material';
import { formatValue } from '@perses-dev/core';
import { useTimeRange } from '@perses-dev/plugin-system';
import type { TimeSeriesChartOptions } from '@perses-dev/timeseries-chart-plugin';
import { connect } from 'echarts/core';
import type { EChartsOption } from 'echarts';
import { useCallback, useMemo } from 'react';
import { Chart, zoomable } from './chart';
import { blue, neutral, purple } from './colors';
import type { PanelOf } from './nothing';

type Point = [number, number | null];

// points are those of the series of a name; there is one of each.
function points(results: Parameters<PanelOf<unknown>>[0]['queryResults'], name: string): Point[] {
  for (const r of results) for (const s of r.data?.series ?? []) if (s.formattedName === name) return s.values as Point[];
  return [];
}

// isBand says that a query is of a value and its band: its series are called after the label that says which line they are (dashboards/asked.go).
export function isBand(result: Parameters<PanelOf<unknown>>[0]['queryResults'][number]): boolean {
  return (result.definition?.spec?.plugin?.spec as { seriesNameFormat?: string } | undefined)?.seriesNameFormat === '{{band}}';
}

const group = 'bands';

// Band draws the value over its band: the stretch between lower and upper is filled; without a lower edge from zero on.
export const Band: PanelOf<TimeSeriesChartOptions> = ({ spec, contentDimensions, queryResults }) => {
  const theme = useTheme();
  const { setTimeRange } = useTimeRange();
  const format = spec.yAxis?.format;
  const option = useMemo<EChartsOption>(() => {
    const [now, lower, upper, normal, week] = ['now', 'lower', 'upper', 'normal', 'last week'].map((n) => points(queryResults, n));
    const floor = new Map(lower!.map(([t, v]) => [t, v ?? 0]));
    const base: Point[] = upper!.map(([t]) => [t, floor.get(t) ?? 0]);
    const rise: Point[] = upper!.map(([t, v]) => [t, v === null ? null : Math.max(v - (floor.get(t) ?? 0), 0)]);
    const range = queryResults.find((r) => r.data?.timeRange)?.data?.timeRange; // of what is looked at, not of what is there
    const write = (v: unknown) => (typeof v === 'number' ? formatValue(v, format) : '–');
    const line = (name: string, data: Point[], color: string, width: number, type: 'solid' | number[] = 'solid') => ({
      name, data, type: 'line' as const, color, showSymbol: false, lineStyle: { width, type }, emphasis: { disabled: true }, z: width,
    });
    const hidden = { type: 'line' as const, stack: 'band', symbol: 'none', lineStyle: { opacity: 0 }, silent: true, emphasis: { disabled: true }, z: 0 };
    return {
      ...zoomable,
      animation: false,
      grid: { left: 8, right: 24, top: 12, bottom: 6, containLabel: true },
      xAxis: { type: 'time', min: range?.start.getTime(), max: range?.end.getTime(), axisLabel: { color: theme.palette.text.secondary, hideOverlap: true } },
      yAxis: { type: 'value', min: spec.yAxis?.min, axisLabel: { color: theme.palette.text.secondary, formatter: (v: number) => formatValue(v, format) }, splitLine: { lineStyle: { color: theme.palette.divider } } },
      tooltip: {
        trigger: 'axis', backgroundColor: theme.palette.background.paper, textStyle: { color: theme.palette.text.primary }, confine: true,
        formatter: (all) => {
          const list = all as unknown as Array<{ seriesName: string; value: Point; axisValueLabel: string }>;
          const at = list[0]?.value[0] ?? 0;
          const edge = (data: Point[]) => data.findLast(([t]) => t <= at)?.[1];
          const lines = list.filter((p) => !p.seriesName.startsWith('series')).map((p) => `${p.seriesName}: <b>${write(p.value[1])}</b>`);
          return [list[0]?.axisValueLabel, ...lines, `normal range: ${write(edge(lower!) ?? (upper!.length ? 0 : undefined))} to ${write(edge(upper!))}`].join('<br>');
        },
      },
      series: [
        { ...hidden, data: base },
        { ...hidden, data: rise, areaStyle: { color: neutral, opacity: 0.3 } },
        line('last week', week!, purple, 2, [2, 4]),
        line('normal', normal!, neutral, 1),
        line('now', now!, blue, 2),
      ],
    };
  }, [queryResults, theme, format, spec.yAxis?.min]);
  const zoom = useCallback((from: number, to: number) => setTimeRange({ start: new Date(from), end: new Date(to) }), [setTimeRange]);
  if (!contentDimensions) return null;
  connect(group);
  return (
    <Box>
      <Chart width={contentDimensions.width} height={contentDimensions.height - 22} option={option} group={group} onZoom={zoom} />
      <Legend names={['normal', 'last week'].filter((n) => points(queryResults, n).length > 0)} />
    </Box>
  );
};

// Legend is of the value, its range, and what there is beside them.
function Legend({ names }: { names: string[] }) {
  const sign = (style: object) => <Box component="span" sx={{ display: 'inline-block', width: 16, verticalAlign: 'middle', mr: 0.5, ...style }} />;
  return (
    <Typography variant="caption" component="div" sx={{ display: 'flex', gap: 2, justifyContent: 'center', height: 22 }}>
      <span>{sign({ borderTop: `2px solid ${blue}` })}now</span>
      <span>{sign({ height: 10, bgcolor: neutral, opacity: 0.4 })}normal range</span>
      {names.includes('normal') && <span>{sign({ borderTop: `1px solid ${neutral}` })}normal</span>}
      {names.includes('last week') && <span>{sign({ borderTop: `2px dotted ${purple}` })}last week</span>}
    </Typography>
  );
}
