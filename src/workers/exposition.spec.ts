import { mergeExpositions } from './exposition.js';

const hits = (value: number) => `# HELP hits_total Hits\n# TYPE hits_total counter\nhits_total ${value}\n`;

describe('The metrics of several workers', () => {
  it('stand together by metric, each with the number of its worker', () => {
    const ready = '# HELP ready Can serve\n# TYPE ready gauge\nready{a="b",c="} 7"} 1\nready{} 2';
    const all = mergeExpositions(
      new Map([
        [1, hits(7) + ready],
        [2, ready + '\n' + hits(8)],
      ]),
    );
    expect(all).toBe(
      '# HELP hits_total Hits\n# TYPE hits_total counter\nhits_total{worker="1"} 7\nhits_total{worker="2"} 8\n\n' +
        '# HELP ready Can serve\n# TYPE ready gauge\nready{worker="1",a="b",c="} 7"} 1\nready{worker="1",} 2\n' +
        'ready{worker="2",a="b",c="} 7"} 1\nready{worker="2",} 2\n',
    );
  });

  it('keep a metric that one worker alone has, and one without series', () => {
    const all = mergeExpositions(
      new Map([
        [1, '# HELP none Nothing yet\n# TYPE none counter'],
        [2, hits(1)],
      ]),
    );
    expect(all).toBe(
      '# HELP none Nothing yet\n# TYPE none counter\n\n# HELP hits_total Hits\n# TYPE hits_total counter\nhits_total{worker="2"} 1\n',
    );
  });

  it('are nothing when there are none', () => {
    expect(mergeExpositions(new Map([[1, '']]))).toBe('');
    expect(mergeExpositions(new Map([[1, '# no registered metrics']]))).toBe('');
  });
});
