// Folds the call into a tile.

import { useI18n } from "../i18n";
import { Icon } from "../ui/Icon";

export function FoldButton(props: { onFold(): void; testId?: string }) {
  const { t } = useI18n();
  return (
    <button class="ib" aria-label={t("call.fold")} onClick={() => props.onFold()} data-testid={props.testId ?? "call-fold"}>
      <Icon name="mini" />
    </button>
  );
}
