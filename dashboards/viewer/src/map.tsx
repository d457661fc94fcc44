import { useTheme } from '@mui/material';
import { type FormatOptions, type ThresholdOptions, formatValue } from '@perses-dev/core';
import type { EChartsOption } from 'echarts';
import { useCallback, useMemo } from 'react';
import { link } from './api';
import { Chart } from './chart';
import { colorOf, neutral, red } from './colors';
import { type PanelOf, current } from './nothing';

export interface MapOptions {
  format?: FormatOptions;
  thresholds?: ThresholdOptions;
}

const [above, below] = [40, 64]; // in pixels: names stand below

interface Edge {
  from: string;
  to: string;
  rate: number;
}

// ServiceMap draws who calls whom, callers on the left. Its queries are, in this order: services by how far they are out of their bands, calls
// a second from a client to a service, suspects.
export const ServiceMap: PanelOf<MapOptions> = ({ spec, contentDimensions, queryResults }) => {
  const theme = useTheme();
  const option = useMemo<EChartsOption>(() => {
    const series = (i: number) => current(queryResults[i]?.data);
    const last = (s: { values: unknown[] }) => (s.values.at(-1) as [number, number] | undefined)?.[1] ?? 0;
    const far = new Map(series(0).map((s) => [s.labels?.service_name ?? '', last(s)]));
    const edges: Edge[] = series(1).map((s) => ({ from: s.labels?.client_name ?? '', to: s.labels?.service_name ?? '', rate: last(s) }));
    const suspects = new Set(series(2).map((s) => s.labels?.service_name ?? ''));
    const names = [...new Set([...far.keys(), ...edges.flatMap((e) => [e.from, e.to])])].filter(Boolean).sort();
    const columns = levels(names, edges);
    const most = Math.max(1e-9, ...edges.map((e) => e.rate));
    // In the panel's own pixels: what has to be stretched to fit makes ovals of circles.
    const [left, right] = [90, 130].map((most) => Math.min(most, (contentDimensions?.width ?? 0) / 9));
    const wide = Math.max(1, (contentDimensions?.width ?? 0) - left! - right!);
    const tall = Math.max(1, (contentDimensions?.height ?? 0) - above - below);
    const deepest = Math.max(1, ...columns.values());
    const fullest = Math.max(1, ...[...columns.values()].map((l) => names.filter((n) => columns.get(n) === l).length));
    const place = (name: string) => {
      const level = columns.get(name)!;
      const beside = names.filter((n) => columns.get(n) === level);
      const share = fullest > 1 ? ((beside.indexOf(name) + 0.5) / beside.length - 0.5) / (1 - 1 / fullest) + 0.5 : 0.5;
      return { x: (level / deepest) * wide, y: share * tall };
    };
    return {
      animation: false,
      tooltip: { confine: true },
      series: [
        {
          type: 'graph', layout: 'none', roam: true, edgeSymbol: ['none', 'arrow'], edgeSymbolSize: 9, left, right, top: above, bottom: below,
          label: { show: true, position: 'bottom', color: theme.palette.text.primary, fontSize: 13, lineHeight: 16 },
          data: names.map((name) => {
            const suspect = suspects.has(name);
            const state = suspect ? 'the suspect' : (far.get(name) ?? 0) >= 1 ? `${far.get(name)!.toFixed(1)} out of normal` : far.has(name) ? 'normal' : 'a client';
            const color = suspect ? red : far.has(name) ? colorOf(far.get(name), spec.thresholds) : neutral;
            return { name, ...place(name), symbolSize: suspect ? 44 : 30, symbol: suspect ? 'diamond' : far.has(name) ? 'circle' : 'roundRect', itemStyle: { color }, label: { formatter: suspect ? `${name}\nsuspect` : name }, tooltip: { formatter: () => `${clean(name)}: ${state}` } };
          }),
          links: edges.map((e) => ({
            source: e.from, target: e.to, lineStyle: { width: 1 + 5 * Math.sqrt(e.rate / most), type: e.rate > 0 ? 'solid' : 'dashed', color: neutral, curveness: 0.12 },
            label: { show: edges.length < 30 && wide > 500, formatter: formatValue(e.rate, spec.format), fontSize: 11, color: theme.palette.text.secondary },
            tooltip: { formatter: () => `${clean(e.from)} → ${clean(e.to)}: ${formatValue(e.rate, spec.format)}` },
          })),
        },
      ],
    };
  }, [queryResults, spec, theme, contentDimensions?.width, contentDimensions?.height]);
  const open = useCallback((e: { dataType?: string; name?: string }) => {
    if (e.dataType === 'node' && e.name) location.assign(link('wire-service', { service: e.name }));
  }, []);
  if (!contentDimensions) return null;
  return <Chart width={contentDimensions.width} height={contentDimensions.height} option={option} onClick={open} />;
};

// clean keeps names from being read as HTML.
const clean = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

// levels puts every service right of those that call it; circles end somewhere.
function levels(names: string[], edges: Edge[]): Map<string, number> {
  const level = new Map(names.map((n) => [n, 0]));
  for (let round = 0; round < Math.min(names.length, 12); round++) {
    for (const e of edges) {
      if (e.from !== e.to && level.get(e.to)! <= level.get(e.from)! && level.get(e.from)! < 12) level.set(e.to, level.get(e.from)! + 1);
    }
  }
  return level;
}
