// Texts that mean harm to whoever shows them: markup, a script's address, letters that turn the direction of writing, much of nothing.

export const HOSTILE = [
  '<img src=x onerror="document.title=`harmed`;alert(1)">',
  '<script>document.title="harmed"</script><svg/onload=alert(2)>',
  '[a link](javascript:alert(3)) javascript:alert(4)',
  'safe\u202egnp.exe\u202c \u2066hidden\u2069 \u200fright',
  `"><iframe srcdoc="<script>parent.document.title='harmed'</script>"></iframe>`,
  'x'.repeat(10_000),
];
