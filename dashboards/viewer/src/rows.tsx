import { Box, Link } from '@mui/material';
import { type FormatOptions, formatValue } from '@perses-dev/core';
import { useMemo, useState } from 'react';
import { link } from './api';
import { orange, red } from './colors';
import { amount } from './signal';
import type { PanelOf } from './nothing';

interface Column {
  name: string;
  header?: string;
  hide?: boolean;
  format?: FormatOptions;
  align?: 'left' | 'right';
  sort?: 'asc' | 'desc';
}

type Cell = string | number | undefined;

// services are labels whose values are names of services: they lead to their pages.
const services = ['service_name', 'client_name', 'suspect'];

// Rows is a table of the last values: a row for each label set, a column for each query, sorted by a click. A column "out of normal" is coloured by
// how far it is.
export const Rows: PanelOf<{ columnSettings?: Column[] }> = ({ spec, contentDimensions, queryResults }) => {
  const columns = (spec.columnSettings ?? []).filter((c) => !c.hide);
  const first = columns.find((c) => c.sort)?.name ?? columns[0]?.name ?? '';
  const [sort, setSort] = useState({ by: first, up: false });
  const rows = useMemo(() => {
    const labels = columns.filter((c) => !c.name.startsWith('value')).map((c) => c.name);
    const all = new Map<string, Record<string, Cell>>();
    queryResults.forEach((r, i) => {
      for (const s of r.data?.series ?? []) {
        const last = s.values.at(-1)?.[1];
        if (last === null || last === undefined || Number.isNaN(last)) continue;
        const key = JSON.stringify(labels.map((l) => s.labels?.[l]));
        const row = all.get(key) ?? Object.fromEntries(labels.map((l) => [l, s.labels?.[l]]));
        row[queryResults.length > 1 ? `value #${i + 1}` : 'value'] = last;
        all.set(key, row);
      }
    });
    const way = sort.up ? 1 : -1;
    return [...all.values()].sort((a, b) => {
      const [x, y] = [a[sort.by], b[sort.by]];
      if (x === undefined || y === undefined) return (x === undefined ? 1 : 0) - (y === undefined ? 1 : 0);
      return way * (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y)));
    });
  }, [queryResults, columns, sort]);
  if (!contentDimensions) return null;
  return (
    <Box sx={{ ...contentDimensions, overflow: 'auto', fontSize: 13, '& table': { width: '100%', borderCollapse: 'collapse' }, '& th': { position: 'sticky', top: 0, bgcolor: 'background.paper', cursor: 'pointer', whiteSpace: 'nowrap' }, '& th, & td': { px: 1, py: 0.4, borderBottom: 1, borderColor: 'divider' } }}>
      <table>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.name} style={{ textAlign: c.align ?? 'left' }} onClick={() => setSort({ by: c.name, up: sort.by === c.name && !sort.up })} aria-sort={sort.by === c.name ? (sort.up ? 'ascending' : 'descending') : 'none'}>
                {c.header ?? c.name} {sort.by === c.name ? (sort.up ? '▲' : '▼') : ''}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {columns.map((c) => (
                <td key={c.name} style={{ textAlign: c.align ?? 'left', ...tint(c, row[c.name]) }}>
                  <Value column={c} value={row[c.name]} signal={row.signal} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Box>
  );
};

// Value is a cell. A value of a signal is in the signal's unit, which differs from row to row.
function Value({ column, value, signal }: { column: Column; value: Cell; signal: Cell }) {
  if (value === undefined) return <>–</>;
  if (typeof value === 'number' && typeof signal === 'string' && ['now', 'from', 'to'].includes(column.header ?? '')) return <>{amount(signal, value)}</>;
  if (typeof value === 'number') return <>{column.format ? formatValue(value, column.format) : value}</>;
  if (services.includes(column.name) && value !== '_other') return <Link href={link('wire-service', { service: value })}>{value}</Link>;
  if (column.name === 'signal') return <Link href={link('wire-signal', { signal: value })}>{value}</Link>;
  return <>{value}</>;
}

function tint(c: Column, value: Cell) {
  if (c.header !== 'out of normal' || typeof value !== 'number' || value < 1) return {};
  return value >= 3 ? { backgroundColor: red, color: '#fff' } : { backgroundColor: orange, color: '#000' };
}
