import { useTheme } from '@mui/material';
import { type FormatOptions, formatValue } from '@perses-dev/core';
import { useTimeRange } from '@perses-dev/plugin-system';
import type { EChartsOption } from 'echarts';
import { useEffect, useMemo, useState } from 'react';
import { api } from './api';
import { Chart } from './chart';
import { purple } from './colors';
import type { PanelOf } from './nothing';

interface Exemplar {
  at: number;
  value: number;
  trace: string;
}

// HeatMap draws a native histogram over time on a logarithmic axis, and its exemplars over it.
export const HeatMap: PanelOf<{ yAxisFormat?: FormatOptions }> = ({ spec, contentDimensions, queryResults }) => {
  const theme = useTheme();
  const { absoluteTimeRange } = useTimeRange();
  const query = queryResults[0]?.data?.metadata?.executedQueryString;
  const exemplars = useExemplars(query, +absoluteTimeRange.start, +absoluteTimeRange.end);
  const option = useMemo<EChartsOption>(() => {
    const data: number[][] = [];
    let step = queryResults[0]?.data?.stepMs ?? 15_000;
    let most = 0;
    for (const s of queryResults[0]?.data?.series ?? []) {
      for (const [at, h] of s.histograms ?? []) {
        for (const [, from, to, n] of h.buckets ?? []) {
          const [low, high, count] = [parseFloat(from), parseFloat(to), parseFloat(n)];
          if (!(low > 0) || !(count > 0)) continue;
          most = Math.max(most, count);
          data.push([at * 1000, low, high, count]);
        }
      }
    }
    step = Math.max(step, 1000);
    const write = (v: number) => formatValue(v, spec.yAxisFormat ?? { unit: 'seconds' });
    return {
      animation: false,
      grid: { left: 8, right: 24, top: 12, bottom: 6, containLabel: true },
      xAxis: { type: 'time', min: +absoluteTimeRange.start, max: +absoluteTimeRange.end, axisLabel: { color: theme.palette.text.secondary, hideOverlap: true } },
      yAxis: { type: 'log', axisLabel: { color: theme.palette.text.secondary, formatter: write }, splitLine: { show: false } },
      tooltip: {
        backgroundColor: theme.palette.background.paper, textStyle: { color: theme.palette.text.primary }, confine: true,
        formatter: (p) => {
          const { value, seriesName } = p as unknown as { value: (number | string)[]; seriesName: string };
          if (seriesName === 'trace') return `trace ${String(value[2]).replace(/[^0-9a-f]/gi, '')}<br>${write(value[1] as number)}`;
          return `${new Date(value[0] as number).toLocaleTimeString()}<br>${write(value[1] as number)} to ${write(value[2] as number)}: <b>${(value[3] as number).toPrecision(3)}</b> a second`;
        },
      },
      series: [
        {
          type: 'custom', name: 'durations', data, encode: { x: 0, y: [1, 2] },
          renderItem: (_, a) => {
            const [x, y0] = a.coord([a.value(0), a.value(1)]) as [number, number];
            const [x1, y1] = a.coord([(a.value(0) as number) + step, a.value(2)]) as [number, number];
            const share = Math.sqrt((a.value(3) as number) / most);
            return { type: 'rect', shape: { x, y: y1, width: Math.max(x1 - x, 1), height: Math.max(y0 - y1, 1) }, style: { fill: `rgba(0, 114, 178, ${0.12 + 0.88 * share})` } };
          },
        },
        { type: 'scatter', name: 'trace', symbol: 'diamond', symbolSize: 7, itemStyle: { color: purple }, data: exemplars.map((e) => [e.at, e.value, e.trace]) },
      ],
    };
  }, [queryResults, theme, exemplars, spec.yAxisFormat, +absoluteTimeRange.start, +absoluteTimeRange.end]);
  if (!contentDimensions) return null;
  return <Chart width={contentDimensions.width} height={contentDimensions.height} option={option} />;
};

// useExemplars asks for the exemplars of the series in a query.
function useExemplars(query: string | undefined, start: number, end: number): Exemplar[] {
  const [found, setFound] = useState<Exemplar[]>([]);
  useEffect(() => {
    if (!query) return;
    const asked = new AbortController();
    fetch(api + '/api/v1/query_exemplars', { method: 'POST', signal: asked.signal, body: new URLSearchParams({ query, start: String(start / 1000), end: String(end / 1000) }) })
      .then((r) => r.json())
      .then((answer: { data?: Array<{ exemplars: Array<{ labels: { trace_id?: string }; value: string; timestamp: number }> }> }) => {
        const all = (answer.data ?? []).flatMap((s) => s.exemplars).map((e) => ({ at: e.timestamp * 1000, value: parseFloat(e.value), trace: e.labels.trace_id ?? '' }));
        setFound(all.filter((e) => e.value > 0).slice(-500));
      })
      .catch(() => undefined); // a Prometheus without exemplars has none
    return () => asked.abort();
  }, [query, start, end]);
  return found;
}
