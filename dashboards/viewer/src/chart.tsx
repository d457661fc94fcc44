import type { EChartsOption } from 'echarts';
import { CustomChart, GraphChart, LineChart, ScatterChart } from 'echarts/charts';
import { DataZoomComponent, GridComponent, ToolboxComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';

use([CustomChart, GraphChart, LineChart, ScatterChart, DataZoomComponent, GridComponent, ToolboxComponent, TooltipComponent, CanvasRenderer]);

interface Props {
  width: number;
  height: number;
  option: EChartsOption;
  group?: string;
  onClick?: (event: { data?: unknown; dataType?: string; name?: string }) => void;
  onZoom?: (from: number, to: number) => void;
}

// Chart draws an ECharts option, and tells of clicks and of a stretch of time that was drawn over.
export function Chart({ width, height, option, group, onClick, onZoom }: Props) {
  const at = useRef<HTMLDivElement>(null);
  const chart = useRef<ReturnType<typeof init>>();
  useEffect(() => {
    const made = init(at.current!);
    chart.current = made;
    return () => made.dispose();
  }, []);
  useEffect(() => {
    const c = chart.current!;
    c.setOption(option, { notMerge: true });
    if (group) c.group = group;
    c.off('click');
    if (onClick) c.on('click', (e) => onClick(e as never));
    c.off('datazoom');
    if (onZoom) {
      c.dispatchAction({ type: 'takeGlobalCursor', key: 'dataZoomSelect', dataZoomSelectActive: true });
      c.on('datazoom', (e) => {
        const zoom = (e as { batch?: Array<{ startValue?: number; endValue?: number }> }).batch?.[0];
        if (zoom?.startValue !== undefined && zoom.endValue !== undefined) onZoom(zoom.startValue, zoom.endValue);
      });
    }
  }, [option, group, onClick, onZoom]);
  useEffect(() => chart.current?.resize({ width, height }), [width, height]);
  return <div ref={at} style={{ width, height }} />;
}

// zoomable is what an option needs so that a stretch of time can be drawn over.
export const zoomable: EChartsOption = {
  toolbox: { feature: { dataZoom: { yAxisIndex: 'none', icon: { zoom: 'path://', back: 'path://' } } }, itemSize: 0, top: -30 },
};
