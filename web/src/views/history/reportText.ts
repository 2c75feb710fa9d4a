// The record of a call as text, to be sent to whoever helps.

import type { CallExplanation } from "../../api/wire";
import type { Told, ToldStep } from "./explained";

export function reportOf(id: string, told: Told | null, also: readonly Told[], steps: readonly ToldStep[], raw: CallExplanation): string {
  const sentence = (each: Told): string => [each.title, each.text, each.help].filter(Boolean).join(". ");
  const lines = steps.map((step) => `${step.at.toISOString()} ${step.text}`);
  const reports = raw.steps.flatMap(({ step }) => (step.kind === "reported" ? [JSON.stringify(step.report)] : []));
  return [id, ...(told ? [sentence(told)] : []), ...also.map(sentence), ...lines, ...reports].join("\n");
}
