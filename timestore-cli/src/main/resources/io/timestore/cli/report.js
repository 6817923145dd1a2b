'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const charts = [];
  const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const element = (name, parent, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return parent.appendChild(made);
  };
  const section = id => document.getElementById(id);
  const count = number => number.toLocaleString('en');

  /* Numbers on an axis: as few digits as tell its splits apart. */
  const short = value => {
    const size = Math.abs(value);
    for (const [unit, name] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e4, 'k']]) {
      if (size >= unit) {
        return +(value / (name === 'k' ? 1e3 : unit)).toPrecision(4) + name;
      }
    }
    return String(size !== 0 && size < 1e-4 ? value.toExponential(2) : +value.toPrecision(6));
  };
  const bytes = value => {
    let size = value, unit = 0;
    for (; size >= 999.5 && unit < 6; unit++) size /= 1024;
    const digits = unit === 0 ? 0 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    return size.toFixed(digits) + ' ' + ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'][unit];
  };

  /* Seconds, in the unit that suits the longest of them. */
  const durations = lists => {
    const longest = Math.max(0, ...lists.map(list => list.reduce((a, b) => Math.max(a, Math.abs(b ?? 0)), 0)));
    const [factor, name] = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's'], [1e-3, 'ms'], [1e-6, 'µs'], [1e-9, 'ns']]
        .find(unit => longest >= 2 * unit[0]) ?? [1, 's'];
    return {name, lists: lists.map(list => list.map(v => v == null ? null : v / factor))};
  };

  /* Times as ISO 8601 writes them: the step, what each split shows, and what the first of a year, day, minute shows below it. */
  const day = '\n{YYYY}-{MM}-{DD}';
  const times = [
    [86400 * 365, '{YYYY}', null, null, null, null, null, null, 1],
    [86400 * 28, '{YYYY}-{MM}', null, null, null, null, null, null, 1],
    [86400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
    [60, '{HH}:{mm}', day, null, day, null, null, null, 1],
    [1, '{HH}:{mm}:{ss}', day, null, day, null, null, null, 1],
    [0.001, '{ss}.{fff}', day + ' {HH}:{mm}', null, day + ' {HH}:{mm}', null, '\n{HH}:{mm}', null, 1],
  ];

  /* As wide as its longest label; charts below one another begin at the same place. */
  const axisSize = (chart, values, index, cycle) => {
    const axis = chart.axes[index];
    if (cycle > 1) return axis._size;
    const longest = (values ?? []).reduce((a, b) => b.length > a.length ? b : a, '');
    chart.ctx.font = axis.font[0];
    return Math.max(52, Math.ceil(axis.ticks.size + axis.gap + chart.ctx.measureText(longest).width / devicePixelRatio) + 4);
  };

  /* Charts of one axis zoom together. */
  let isZooming = false;
  const zoomTogether = group => chart => {
    if (isZooming) return;
    isZooming = true;
    const {min, max} = chart.scales.x;
    charts.filter(other => other.group === group && (other.chart.scales.x.min !== min || other.chart.scales.x.max !== max))
        .forEach(other => other.chart.setScale('x', {min, max}));
    isZooming = false;
  };

  const draw = (parent, {x, y, series, group, yLabel, height = 220, axisOfY = {}, scaleOfY = {}, isTime, xLabel, bands}) => {
    const box = element('div', parent);
    const axis = {
      stroke: () => style('--faint'), grid: {stroke: () => style('--grid'), width: 1},
      ticks: {stroke: () => style('--grid'), width: 1, size: 6}, font: '12px system-ui, sans-serif', labelFont: '12px system-ui, sans-serif',
    };
    const options = {
      width: Math.max(300, parent.clientWidth - 32), height: height + 40,
      tzDate: seconds => uPlot.tzDate(new Date(seconds * 1e3), 'Etc/UTC'),
      scales: {x: {time: isTime}, y: scaleOfY},
      cursor: {drag: {x: true, y: false}, sync: {key: group}},
      hooks: {setScale: [(chart, scale) => { if (scale === 'x') zoomTogether(group)(chart); }]},
      bands,
      axes: [
        {...axis, label: xLabel, labelSize: 20, space: 80,
          ...(isTime ? {values: times} : {values: (chart, splits) => splits.map(short)})},
        {...axis, label: yLabel, labelSize: 20, size: axisSize,
          values: (chart, splits) => splits.map(v => v == null ? '' : short(v)), ...axisOfY},
      ],
      series: [
        {label: xLabel, ...(isTime ? {value: '{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}'} : {value: (chart, v) => v == null ? '--' : count(v)})},
        ...series,
      ],
    };
    charts.push({group, parent, chart: new uPlot(options, [x, ...y], box)});
  };

  const line = (label, color, more = {}) => ({
    label, stroke: () => style(color), width: 1.5, value: (chart, v) => v == null ? '--' : short(v), ...more,
  });
  const laneColor = (index, alpha = 1) =>
      index === 0 ? (alpha === 1 ? style('--first') : style('--first') + 'aa') : `hsl(${(20 + index * 137.5) % 360} 70% 55% / ${alpha})`;

  const key = data.key;
  const eventTime = {group: 'event', isTime: key.isTime, xLabel: key.isTime ? `${key.name}: event time (UTC)` : key.name};
  const wallTime = {group: 'wall', isTime: true, xLabel: 'wall time (UTC)'};

  const drawRows = () => {
    const parent = section('rows');
    const lanes = data.lanes;
    const stacked = lanes.map(() => []);
    data.x.forEach((x, i) => {
      let sum = 0;
      lanes.forEach((lane, l) => { stacked[l][i] = sum += lane.rows[i]; });
    });
    const order = lanes.map((lane, l) => l).reverse(); // The tallest first, the others over it.
    draw(parent, {
      ...eventTime, x: data.x, y: order.map(l => stacked[l]), yLabel: `rows in each ${data.bucketWidth}`, scaleOfY: {range: (chart, min, max) => [0, Math.max(1, max * 1.05)]},
      series: order.map(l => ({
        label: lanes[l].name, stroke: () => laneColor(l), fill: () => laneColor(l, 0.6), width: 1, points: {show: false},
        paths: uPlot.paths.stepped({align: 1}), value: (chart, v, series, i) => i == null ? '--' : count(lanes[l].rows[i]),
      })),
    });
  };

  const drawLanes = () => {
    const lanes = data.lanes;
    if (lanes.length < 2) return;
    const parent = section('lanes');
    element('p', parent, 'Where each lane has rows. Lane 0 is the first one; others hold rows that came late, or of other writers.', 'note');
    draw(parent, {
      ...eventTime, x: data.x, height: 50 + 22 * lanes.length, yLabel: 'lane',
      y: lanes.map((lane, l) => lane.rows.map(rows => rows > 0 ? l : null)),
      scaleOfY: {dir: -1, range: [-0.7, lanes.length - 0.3]},
      axisOfY: {splits: () => lanes.map((lane, l) => l), values: () => lanes.map(lane => lane.name.replace('lane ', '')), grid: {show: false}},
      series: lanes.map((lane, l) => ({
        label: `${lane.name}: ${count(lane.rowCount)} rows`, stroke: () => laneColor(l), width: 9, cap: 'butt', paths: uPlot.paths.stepped({align: 1}),
        points: {show: true, size: 7, width: 0, fill: () => laneColor(l)}, value: (chart, v, series, i) => i == null ? '' : count(lane.rows[i]),
      })),
    });
  };

  const table = (parent, header, rows) => {
    const made = element('table', element('div', parent, undefined, 'wide'));
    const head = element('tr', element('thead', made));
    header.forEach(name => element('th', head, name.replace('>', ''), name.endsWith('>') ? 'number' : ''));
    const body = element('tbody', made);
    rows.forEach(cells => {
      const row = element('tr', body);
      cells.forEach((cell, i) => element('td', row, cell, header[i].endsWith('>') ? 'number' : ''));
    });
    return made;
  };

  const drawGaps = () => {
    if (data.gaps.largest.length === 0) return;
    const parent = section('gaps');
    const scaled = key.isTime ? durations([data.gaps.longest]) : {name: 'keys', lists: [data.gaps.longest]};
    draw(parent, {
      ...eventTime, x: data.x, y: scaled.lists, yLabel: `longest gap (${scaled.name})`, height: 160, scaleOfY: {distr: 3}, axisOfY: {grid: {show: false}},
      series: [line('longest gap that ends here', '--second', {fill: () => style('--second') + '44', paths: uPlot.paths.stepped({align: 1})})],
    });
    element('h3', parent, 'The longest');
    table(parent, ['length', 'after', 'before'], data.gaps.largest.map(gap => [gap.length, gap.from, gap.to]));
  };

  const drawColumns = () => {
    const parent = section('columns');
    for (const column of data.columns) {
      element('h3', parent, `${column.name} ${column.type}`);
      const notes = [];
      if (column.nulls > 0) notes.push(`NULL in ${count(column.nulls)} rows`);
      if (column.notFinite > 0) notes.push(`NaN or infinite in ${count(column.notFinite)}`);
      if (notes.length > 0) element('p', parent, 'Not drawn: ' + notes.join(', '), 'note');
      draw(parent, {
        ...eventTime, x: data.x, y: [column.max, column.min, column.mean], yLabel: column.name,
        bands: [{series: [1, 2], fill: () => style('--band')}],
        series: [line('max', '--second', {width: 1}), line('min', '--third', {width: 1}), line('mean', '--first')],
      });
    }
    if (data.columnsLeftOut > 0) {
      element('p', parent, `${count(data.columnsLeftOut)} more numeric columns are not shown: --columns names those that are.`, 'note');
    }
  };

  const drawCommits = () => {
    const commits = data.commits;
    if (commits.x.length === 0) return;
    const parent = section('commits');
    const together = commits.count > commits.x.length ? ', in neighbours taken together' : '';
    element('p', parent, `${count(commits.count)} commits${together}. Where rows are replaced or hidden, the change is below zero.`, 'note');
    draw(parent, {
      ...wallTime, x: commits.x, y: [commits.change], yLabel: 'rows', height: 160,
      series: [line('rows more than before', '--first', {paths: uPlot.paths.bars({size: [0.6, 40]}), fill: () => style('--first') + '88', points: {show: false}})],
    });
    const known = list => list.some(value => value != null);
    const lags = [['newest event', '--first', commits.lag], ['watermark', '--second', commits.watermarkLag]].filter(lag => known(lag[2]));
    if (lags.length > 0) {
      const scaled = durations(lags.map(lag => lag[2]));
      element('h3', parent, 'Lag behind event time');
      draw(parent, {
        ...wallTime, x: commits.x, y: scaled.lists, yLabel: `behind the clock (${scaled.name})`, height: 160,
        series: lags.map(([name, color]) => line(name, color)),
      });
    }
    if (commits.late.some(value => value > 0)) {
      const scaled = durations([commits.late]);
      element('h3', parent, 'Lateness');
      element('p', parent, 'How much older the oldest row of a commit is than the newest row before it.', 'note');
      draw(parent, {
        ...wallTime, x: commits.x, y: scaled.lists, yLabel: `late (${scaled.name})`, height: 140, scaleOfY: {range: (chart, min, max) => [0, max * 1.05 || 1]},
        series: [line('oldest row', '--second', {paths: uPlot.paths.bars({size: [0.6, 40]}), fill: () => style('--second') + '88', points: {show: false}})],
      });
    }
  };

  const drawSizes = () => {
    const parent = section('sizes');
    const largest = Math.max(1, ...data.sizes.map(size => size.keys + size.offsets + size.values));
    const made = table(parent, ['table', 'keys>', 'offsets>', 'values>', 'in all>', ''],
        data.sizes.map(size => [size.name, ...[size.keys, size.offsets, size.values].map(part => part === 0 ? '' : bytes(part)),
          bytes(size.keys + size.offsets + size.values), '']));
    made.querySelectorAll('tbody tr').forEach((row, i) => {
      row.lastChild.className = 'share';
      for (const part of ['keys', 'offsets', 'values']) {
        element('div', row.lastChild, undefined, part).style.width = 100 * data.sizes[i][part] / largest + '%';
      }
    });
  };

  document.getElementById('name').textContent = data.store;
  for (const [name, text] of data.facts) {
    const box = element('div', section('facts'));
    element('dt', box, name);
    element('dd', box, text);
  }
  section('footer').textContent = `Made by ${data.madeBy} at ${data.madeAt}.`;
  if (data.x.length > 0) {
    drawRows();
    drawLanes();
    drawGaps();
    drawColumns();
  }
  drawCommits();
  drawSizes();

  const resize = () => charts.forEach(({parent, chart}) => chart.setSize({width: Math.max(300, parent.clientWidth - 32), height: chart.height}));
  addEventListener('resize', resize);
  resize(); // A scroll bar may have come with the last chart.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach(({chart}) => chart.redraw()));
  document.body.dataset.charts = charts.length;
})();
