import { parser } from '@prometheus-io/lezer-promql';

type SyntaxNode = ReturnType<typeof parser.parse>['topNode'];

/** What an expression names. */
export interface Selector {
  metric: string;
  /** Values by label; of a pattern its alternatives. */
  labels: Record<string, string[]>;
}

export interface Parsed {
  /** Where the grammar does not go on. */
  errors: string[];
  selectors: Selector[];
  /** Labels of `by`, `on` and `without`. */
  groupings: string[];
}

const textOf = (expr: string, node: SyntaxNode): string => expr.slice(node.from, node.to);

function selectorOf(expr: string, node: SyntaxNode): Selector {
  const name = node.getChild('Identifier');
  const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
  return {
    metric: name ? textOf(expr, name) : '',
    labels: Object.fromEntries(
      matchers.map((matcher) => {
        const [label, value] = [matcher.getChild('LabelName')!, matcher.getChild('StringLiteral')!];
        return [textOf(expr, label), textOf(expr, value).slice(1, -1).split('|')];
      }),
    ),
  };
}

/** By the grammar that Prometheus's own editor uses. */
export function parsePromql(expr: string): Parsed {
  const parsed: Parsed = { errors: [], selectors: [], groupings: [] };
  parser.parse(expr).iterate({
    enter({ type, node }) {
      if (type.isError) parsed.errors.push(`${expr.slice(0, node.from)}⟨here⟩${expr.slice(node.from)}`);
      if (type.name === 'VectorSelector') parsed.selectors.push(selectorOf(expr, node));
      if (type.name === 'GroupingLabels')
        parsed.groupings.push(...node.getChildren('LabelName').map((label) => textOf(expr, label)));
    },
  });
  return parsed;
}
