// What Linux tells of processes and the machine (proc(5)); NaN on other systems.
import { readFileSync, readdirSync } from 'node:fs';

/** Clock ticks a second of /proc (USER_HZ), which Linux has fixed at 100. */
const TICKS = 100;

/** Seconds of CPU that a process, its threads and its workers have used, user and system. */
export const cpuOf = (pid) => sum(familyOf(pid).map((one) => statOf(one)?.cpu ?? Number.NaN));

/** Megabytes (10^6) that a process and its workers have in memory; what they share counts for each. */
export const rssOf = (pid) => sum(familyOf(pid).map(rssOfOne));

const sum = (values) => values.reduce((all, one) => all + one, 0);

/** The process and its children (with CONFIG_PROC_CHILDREN, as nearly all kernels have it). */
const familyOf = (pid) => [pid, ...(read(`/proc/${pid}/task/${pid}/children`)?.match(/\d+/g) ?? [])];

function rssOfOne(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return (Number(kilobytes) * 1024) / 1e6;
}

/**
 * Seconds of CPU that the machine has spent on anything but this process and what it started: a run on a machine that
 * does something else besides measures that, too.
 */
export function cpuOfOthers() {
  const fields = /^cpu +(.*)$/m
    .exec(read('/proc/stat') ?? '')?.[1]
    .split(' ')
    .map(Number);
  if (!fields) return Number.NaN;
  const [user, nice, system, , , irq, softirq, steal] = fields;
  return (user + nice + system + irq + softirq + steal) / TICKS - cpuOfFamily();
}

function cpuOfFamily() {
  const processes = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), statOf(pid)]),
  );
  const isOurs = (pid) => pid === process.pid || (pid > 1 && isOurs(processes.get(pid)?.parent ?? 0));
  let cpu = 0;
  for (const [pid, stat] of processes) if (stat && isOurs(pid)) cpu += stat.cpu;
  return cpu;
}

function statOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  // Counted from behind the command, which may hold spaces: ppid, utime and stime are fields 4, 14 and 15.
  const fields = stat
    ?.slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return fields && { parent: fields[1], cpu: (fields[11] + fields[12]) / TICKS };
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
