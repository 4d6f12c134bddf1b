/** Gate results as JUnit XML, a test case for each scenario. */
import { type GateResult, verdict } from '../gate/gate.ts';
import { gateLines, headline } from './gateReport.ts';
import { spread, sum } from './statistics.ts';

/** A failed gate has a `failure` with everything that the terminal shows. Times are emulated seconds. */
export const junitXml = (gates: readonly GateResult[]): string => {
  const failed = gates.filter((gate) => verdict(gate) !== 'same').length;
  const cases = gates.map((gate) => {
    const { cyclesPerToken, clockHz, firmwareSha256, timingVersion } = gate.result.measured!;
    const seconds = (sum(cyclesPerToken) / clockHz).toFixed(6);
    const open = `    <testcase classname="starmind.bench" name="${escapeXml(gate.scenario.name)}" time="${seconds}"`;
    const { median, p95, worst } = spread(cyclesPerToken);
    const properties = Object.entries({
      cyclesPerTokenMedian: median,
      cyclesPerTokenP95: p95,
      cyclesPerTokenWorst: worst,
      firmwareSha256,
      modelSha256: gate.head.modelSha256,
      timingVersion,
    }).map(([name, value]) => `        <property name="${name}" value="${escapeXml(String(value))}"/>`);
    const lines = [`${open}>`, '      <properties>', ...properties, '      </properties>'];
    if (verdict(gate) !== 'same') {
      const text = escapeXml(gateLines(gate).join('\n'));
      lines.push(
        `      <failure type="${verdict(gate)}" message="${escapeXml(headline(gate))}">${text}</failure>`,
      );
    }
    return [...lines, '    </testcase>'].join('\n');
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${gates.length}" failures="${failed}">`,
    `  <testsuite name="starmind bench" tests="${gates.length}" failures="${failed}" errors="0" skipped="0">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
};

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
