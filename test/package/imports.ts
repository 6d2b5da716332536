import { parseFileSync } from '@swc/core';

/** One import, re-export, `import()`, `require()` or `import('…')` type of a file. */
interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

export interface Source {
  readonly imports: readonly Import[];
  /** Names of the methods it calls: `startSpan` for `tracer.startSpan(…)`. */
  readonly methods: ReadonlySet<string>;
}

/** Parses a `.ts`, `.d.ts` or `.js` file, so that a comment or a string is never taken for an import. */
export function readSource(path: string): Source {
  const imports: Import[] = [];
  const methods = new Set<string>();
  visit(parseFileSync(path, { syntax: 'typescript' }), imports, methods);
  return { imports, methods };
}

type Node = Record<string, unknown> & { readonly type: string };

function visit(value: unknown, imports: Import[], methods: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, imports, methods);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const node = value as Node;
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      if (node.source) imports.push({ from: text(node.source), typeOnly: node.typeOnly === true });
      break;
    case 'TsImportType':
      imports.push({ from: text(node.argument), typeOnly: true });
      break;
    case 'CallExpression':
      readCall(node, imports, methods);
      break;
  }
  for (const child of Object.values(node)) visit(child, imports, methods);
}

function readCall(node: Node, imports: Import[], methods: Set<string>): void {
  const callee = node.callee as Node;
  if (callee.type === 'Import' || (callee.type === 'Identifier' && callee.value === 'require')) {
    const [first] = node.arguments as readonly { readonly expression: Node }[];
    if (first?.expression.type === 'StringLiteral') imports.push({ from: text(first.expression), typeOnly: false });
  } else if (callee.type === 'MemberExpression') {
    methods.add(String((callee.property as Node).value));
  }
}

function text(literal: unknown): string {
  return String((literal as Node).value);
}
