# What spans.rego sees as `data`: the span and event definitions of the resolved registry, OpenTelemetry's and ours.
# "invoke_agent {gen_ai.agent.name}" -> [{"text":"invoke_agent "},{"attribute":"gen_ai.agent.name"}]; OpenTelemetry keeps
# the name's format in a sentence of the note, ours is an annotation. (jaq, not jq: `scan` gives no groups.)
def format: .annotations.baton.name? // ((.note // "") | if test("Span name[*][*] SHOULD be `") then split("Span name** SHOULD be `")[1] | split("`")[0] else null end);
def parts: [split("{")[] | split("}") | if length == 2 then {attribute: .[0]}, {text: .[1]} else {text: .[0]} end] | map(select(.attribute or (.text // "") != ""));
def level: .requirement_level | if type == "object" then keys[0] else . end;
def levels: .attributes // [] | map({(.name): level}) | add // {};
.registry.groups as $groups
| {
    templates: [.semconv_templates | keys[]],
    groups: ([$groups[] | select(.type == "attribute_group") | {(.id): levels}] | add // {}),
    spans: [$groups[] | select(.type == "span") | {
      id,
      kind: (.span_kind // "internal"),
      match: (.annotations.baton.match? // null),
      name: (format | if . then parts else null end),
      common: (.annotations.baton.common? // null),
      deviates: (.annotations.baton.deviates? // {}),
      attributes: levels
    } | with_entries(select(.value != null))],          # in Rego null is true
    events: ([$groups[] | select(.type == "event") | {(.name // .id): levels}] | add // {})
  }
