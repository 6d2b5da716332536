import { parseFileSync } from '@swc/core';

/** One import, re-export, `import()`, `require()` or `import('…')` type of a file. */
interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

export interface Source {
  readonly imports: readonly Import[];
  /** Names of the members that it reads or calls: `startSpan` for `tracer?.startSpan(…)`. */
  readonly members: ReadonlySet<string>;
}

/** Parses a `.ts`, `.d.ts` or `.js` file, so that a comment or a string is never taken for an import. */
export function readSource(path: string): Source {
  const imports: Import[] = [];
  const members = new Set<string>();
  visit(parseFileSync(path, { syntax: 'typescript' }), imports, members);
  return { imports, members };
}

type Node = Record<string, unknown> & { readonly type: string };

function visit(value: unknown, imports: Import[], members: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, imports, members);
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
      if (isImportCall(node.callee as Node)) imports.push({ from: argumentOf(node), typeOnly: false });
      break;
    case 'MemberExpression':
      members.add(text(node.property));
      break;
  }
  for (const child of Object.values(node)) visit(child, imports, members);
}

function isImportCall(callee: Node): boolean {
  return callee.type === 'Import' || (callee.type === 'Identifier' && callee.value === 'require');
}

function argumentOf(call: Node): string {
  const [first] = call.arguments as readonly { readonly expression: Node }[];
  return text(first?.expression);
}

function text(node: unknown): string {
  return String((node as Node | undefined)?.value);
}
