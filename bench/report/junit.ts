/** Gate results as JUnit XML, a test case for each scenario. */
import { type GateResult, verdict } from '../gate/gate.ts';
import { gateLines, headline } from './gateReport.ts';
import { sum } from './statistics.ts';

/** A failed gate has a `failure` with everything that the terminal shows. Times are emulated seconds. */
export const junitXml = (gates: readonly GateResult[]): string => {
  const failed = gates.filter((gate) => verdict(gate) !== 'same').length;
  const cases = gates.map((gate) => {
    const { cyclesPerToken, clockHz } = gate.result.measured!;
    const seconds = (sum(cyclesPerToken) / clockHz).toFixed(6);
    const open = `    <testcase classname="starmind.bench" name="${escapeXml(gate.scenario.name)}" time="${seconds}"`;
    if (verdict(gate) === 'same') return `${open}/>`;
    const text = escapeXml(gateLines(gate).join('\n'));
    return `${open}>\n      <failure type="${verdict(gate)}" message="${escapeXml(headline(gate))}">${text}</failure>\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="starmind bench" tests="${gates.length}" failures="${failed}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
};

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
