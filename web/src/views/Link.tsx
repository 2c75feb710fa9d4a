// A link to a place of the client: a real address, opened without a reload.

import { splitProps, type JSX } from "solid-js";
import { pathOf, type Route } from "../stores/route";
import { useApp } from "./context";

export function Link(props: JSX.AnchorHTMLAttributes<HTMLAnchorElement> & { to: Route; testId?: string; how?: "push" | "replace" }) {
  const { route } = useApp();
  const [own, rest] = splitProps(props, ["to", "testId", "how"]);
  return (
    <a
      {...rest}
      href={pathOf(own.to)}
      data-testid={own.testId}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        route.go(own.to, own.how);
      }}
    />
  );
}
