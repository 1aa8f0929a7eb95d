/** Butane configs of half a megabyte each, one for every shape that asks something else of a translator. */
const size = 500_000;
const head = "variant: fcos\nversion: 1.6.0\n";

/** Repeats an item until the config is as large as it has to be. */
function filled(start: string, item: (index: number) => string): string {
  const parts = [head + start];
  let length = head.length + start.length;
  for (let index = 0; length < size; index++) {
    const text = item(index);
    parts.push(text);
    length += text.length;
  }
  return parts.join("");
}

// Text that does not repeat itself, and is the same every time.
function words(seed: number, count: number): string {
  let state = seed + 1;
  const next = (): string => {
    state = (state * 48271) % 2147483647;
    return state.toString(36);
  };
  return Array.from({ length: count }, next).join(" ");
}

const files = "storage:\n  files:\n";
const file = (index: number): string => `    - path: /etc/many/file-${index}\n      mode: 0644\n`;

export const shapes: Readonly<Record<string, () => string>> = {
  "many small files": () =>
    filled(files, (index) => `${file(index)}      contents:\n        inline: value ${index}\n`),
  "files of one line": () =>
    filled(files, (index) => `${file(index)}      contents:\n        inline: ${words(index, 8)}\n`),
  "files of many lines": () =>
    filled(files, (index) => {
      const lines = Array.from({ length: 20 }, (_, line) => `          ${words(index * 20 + line, 7)}\n`);
      return `${file(index)}      contents:\n        inline: |\n${lines.join("")}`;
    }),
  "one large file": () =>
    filled(
      `${files}    - path: /etc/a\n      contents:\n        inline: |\n`,
      (index) => `          ${words(index, 9)}\n`,
    ),
  "files in flow style": () =>
    `${filled(
      "storage: {files: [",
      (index) => `{path: /etc/f${index}, mode: 0644, contents: {inline: x${index}}},\n`,
    )}]}\n`,
  links: () =>
    filled(
      "storage:\n  links:\n",
      (index) => `    - path: /etc/l${index}\n      target: /usr/share/${index}\n`,
    ),
  "units with drop-ins": () =>
    filled(
      "systemd:\n  units:\n",
      (index) => `    - name: u${index}.service
      enabled: true
      contents: |
        [Unit]
        Description=unit ${index}
        [Service]
        ExecStart=/bin/true
        [Install]
        WantedBy=multi-user.target
      dropins:
        - name: 10-a.conf
          contents: |
            [Service]
            Restart=always
`,
    ),
  "mount units": () =>
    filled(
      "storage:\n  filesystems:\n",
      (index) =>
        `    - path: /var/m${index}\n      device: /dev/disk/by-partlabel/m${index}\n      format: ext4\n      with_mount_unit: true\n`,
    ),
  users: () =>
    filled(
      "passwd:\n  users:\n",
      (index) =>
        `    - name: user${index}\n      uid: ${1000 + index}\n      groups: [wheel, g${index}]\n      ssh_authorized_keys:\n        - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${index} a@b\n`,
    ),
  "encrypted disks": () =>
    filled(
      "storage:\n  luks:\n",
      (index) =>
        `    - name: l${index}\n      device: /dev/sd${index}\n      clevis:\n        tang:\n          - url: https://t${index}.example\n            thumbprint: abc${index}\n`,
    ),
  "anchors and merges": () =>
    filled(
      "base: &b {mode: 0644, overwrite: true}\nstorage:\n  files:\n",
      (index) => `    - path: /etc/f${index}\n      <<: *b\n`,
    ),
  "20,000 duplicates": () => filled(files, () => "    - path: /etc/same\n"),
  "10,000 broken rules": () =>
    filled(
      files,
      (index) => `    - path: etc/file-${index}\n      mode: 644\n      contents: {source: ftp://x}\n`,
    ),
  "unused keys": () =>
    filled(files, (index) => `    - path: /etc/many/file-${index}\n      moode: 0644\n      content: {}\n`),
  "wrong types": () =>
    filled(files, (index) => `    - path: [a]\n      mode: abc${index}\n      overwrite: maybe\n`),
};
