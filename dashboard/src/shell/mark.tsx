// The hub's name and sign.

export function Mark() {
  return (
    <span className="flex items-center gap-2 text-[1.05rem] font-semibold tracking-tight">
      <img src="./icon.svg" alt="" width={24} height={24} />
      MCPHub
    </span>
  );
}
