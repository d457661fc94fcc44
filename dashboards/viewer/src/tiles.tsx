import { Box, Link, Typography } from '@mui/material';
import { applyValueMapping, formatValue } from '@perses-dev/core';
import type { StatChartOptions } from '@perses-dev/stat-chart-plugin';
import { link } from './api';
import { isBand } from './band';
import { amount } from './signal';
import { colorOf, neutral } from './colors';
import { Nothing, type PanelOf, current } from './nothing';

type Point = [number, number | null];

// Tiles shows the last value of each series as a tile, as many in a row as fit, by rank where they have one, and then the worst first. Its colour
// says the state, and so does its text. A tile of a service leads to its page. A query of a band says the signal that each service's tile is
// about, its value and what is normal. Where there are too many for that, those that are out of normal are twice as large.
export const Tiles: PanelOf<StatChartOptions> = ({ spec, contentDimensions, queryResults, definition }) => {
  const beside = queryResults.filter(isBand).flatMap((r) => current(r.data)).sort((a, b) => end(a.values as Point[]) - end(b.values as Point[])); // what was shown last wins
  const detail = (name: string) => new Map(beside.filter((s) => s.formattedName === name).map((s) => [s.labels?.service_name, { signal: s.labels?.signal ?? '', value: last(s.values as Point[]) }]));
  const [shown, lower, upper] = [detail('now'), detail('lower'), detail('upper')];
  const all = queryResults
    .filter((r) => !isBand(r))
    .flatMap((r) => current(r.data).map((s) => ({ s, range: r.data?.timeRange })))
    .map(({ s, range }) => ({ range, name: s.formattedName ?? s.name, service: s.labels?.service_name, rank: s.labels?.rank ?? '', values: s.values as Point[], last: last(s.values as Point[]) }))
    .sort((a, b) => a.rank.localeCompare(b.rank) || (b.last ?? 0) - (a.last ?? 0) || a.name.localeCompare(b.name));
  if (!contentDimensions) return null;
  if (all.length === 0) return <Nothing height={contentDimensions.height} description={definition?.spec.display?.description} />;
  const { width, height } = contentDimensions;
  const even = grid(all.length, width, height);
  const crowded = even.tall < roomForAll && even.columns > 1;
  const large = crowded ? Math.min(all.filter((t) => (t.last ?? 0) >= 1).length, 8) : 0;
  const one = large > 0 ? grid(all.length + 3 * large, width, height) : even;
  return (
    <Box sx={{ display: 'grid', gridTemplateColumns: `repeat(${one.columns}, 1fr)`, gridAutoRows: one.tall, gridAutoFlow: 'dense', gap: '6px', height, overflow: 'auto', alignContent: 'start' }}>
      {all.map((t, i) => {
        const span = i < large ? 2 : 1;
        const [wide, tall] = [one.wide, one.tall].map((l) => span * (l + 6) - 6) as [number, number];
        const small = Math.max(15, Math.min(22, tall / 12));
        const area = { minWidth: 0, gridColumn: `span ${span}`, gridRow: `span ${span}` };
        const color = colorOf(t.last, spec.thresholds);
        const mapped = t.last !== undefined && spec.mappings?.length ? applyValueMapping(t.last, spec.mappings).value : t.last;
        const text = typeof mapped === 'number' ? formatValue(mapped, spec.format) : String(mapped ?? '–');
        const lines = details(tall, (t.last ?? 0) >= 1, shown.get(t.service), lower.get(t.service)?.value, upper.get(t.service)?.value);
        const tile = (
          <Box sx={{ position: 'relative', height: tall, borderRadius: 1, overflow: 'hidden', p: 1, pb: `${tall / 5}px`, display: 'flex', flexDirection: 'column', justifyContent: 'center', textAlign: 'center', border: `2px solid ${color ?? 'transparent'}`, bgcolor: color ? color + '33' : undefined }}>
            {t.service ? (
              <Typography noWrap title={t.name} sx={{ fontSize: small, lineHeight: 1.4, color: 'text.primary', flexShrink: 0 }}>
                {t.name}
              </Typography>
            ) : null}
            <Typography sx={{ fontSize: Math.min(t.service ? tall / 3 : tall / 2, wide / 4, 110), lineHeight: 1.15, fontWeight: 600, color: 'text.primary', flexShrink: 0 }}>{text}</Typography>
            {lines.map((line) => (
              <Typography key={line} noWrap title={line} sx={{ fontSize: small, lineHeight: 1.4, color: 'text.primary', flexShrink: 0 }}>
                {line}
              </Typography>
            ))}
            <Spark points={t.values} color={color ?? neutral} from={t.range?.start.getTime()} to={t.range?.end.getTime()} />
          </Box>
        );
        return t.service ? (
          <Link key={t.name} href={link('wire-service', { service: t.service })} underline="none" sx={area}>
            {tile}
          </Link>
        ) : (
          <Box key={t.name} sx={area}>
            {tile}
          </Box>
        );
      })}
    </Box>
  );
};

// last is the value of a series that it has now, end when that was.
const last = (points: Point[]) => points.findLast(([, v]) => v !== null)?.[1] ?? undefined;
const end = (points: Point[]) => points.findLast(([, v]) => v !== null)?.[0] ?? 0;

// roomForAll is how tall a tile must be for all that it may say.
const roomForAll = 124;

// grid is how many tiles stand beside each other so that they are as large as can be read from afar: somewhat wider than tall, and none is too small.
function grid(n: number, width: number, height: number) {
  const columns = Math.max(1, Math.min(n, Math.floor(width / 160), Math.round(Math.sqrt((n * width) / height / 1.4))));
  const tall = n === 1 ? height : Math.max(84, Math.min(320, Math.floor(height / Math.ceil(n / columns)) - 6));
  return { columns, wide: width / columns - 6, tall };
}

// details are the lines below the state, as many as there is room for: the signal with its value, and what is normal for it. What is unusual for its
// last minutes may be back.
function details(tall: number, unusual: boolean, shown: { signal: string; value?: number } | undefined, lower?: number, upper?: number): string[] {
  if (shown?.value === undefined || tall < 100) return [];
  const say = (v: number) => amount(shown.signal, v);
  const back = unusual && upper !== undefined && shown.value <= upper && shown.value >= (lower ?? 0);
  const lines = [`${shown.signal.replaceAll('_', ' ')} ${back ? 'back at ' : ''}${say(shown.value)}`];
  if (upper !== undefined && tall >= roomForAll) lines.push(lower !== undefined && lower > 0 ? `normally ${say(lower)} to ${say(upper)}` : `normally up to ${say(upper)}`);
  return lines;
}

// Spark is the course of the values along the bottom of a tile; its width is all of the time that is looked at.
function Spark({ points, color, from, to }: { points: Point[]; color: string; from?: number; to?: number }) {
  const seen = points.filter((p): p is [number, number] => p[1] !== null && Number.isFinite(p[1]));
  if (seen.length < 2) return null;
  const times = seen.map((p) => p[0]);
  const values = seen.map((p) => p[1]);
  const [t0, t1, low, high] = [from ?? times[0]!, to ?? times.at(-1)!, Math.min(...values), Math.max(...values)];
  const step = Math.min(...times.slice(1).map((t, i) => t - times[i]!));
  const goesOn = (i: number) => i > 0 && times[i]! - times[i - 1]! <= 3 * step; // nothing is drawn where there was nothing
  const path = seen.map(([t, v], i) => `${goesOn(i) ? 'L' : 'M'}${((100 * (t - t0)) / (t1 - t0 || 1)).toFixed(1)} ${(22 - (20 * (v - low)) / (high - low || 1)).toFixed(1)}`).join('');
  return (
    <svg viewBox="0 0 100 24" preserveAspectRatio="none" style={{ position: 'absolute', left: 0, bottom: 0, width: '100%', height: '22%', opacity: 0.8 }} aria-hidden>
      <path d={path} fill="none" stroke={color} strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
