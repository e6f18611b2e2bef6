# press-tab.zsh SCRIPT LINE...: the words that zsh makes of each line when TAB and RETURN are pressed,
# one a line, after ARGS and before END.
zmodload zsh/zpty || exit 3
zpty shell zsh -f -i
await() { zpty -r -m shell REPLY "*$1*" || exit 4 }
# What is sent is shown, too: its $((1)) tells it from what it makes.
zpty -w shell "autoload -U compinit && compinit -u -D; source ${(q)1}; persistdict() { print -rl -- ARGS\$((1)) \$@ END\$((1)) }; print ready\$((1))"
await ready1
shift
for line in "$@"; do
  zpty -w -n shell "$line"$'\t\r'
  await END1
  print -r -- "ARGS${REPLY##*ARGS1}"
done
zpty -d shell
