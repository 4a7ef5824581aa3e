"""The grammar of plain block style: one entry of a mapping or list at a time, as `block_yaml` reads them."""

import re
from typing import Final

# The separator before a document.
START: Final = re.compile(r"---[ ]*+(?:(?<=[ ])#[^\n]*+)?\n")
# Of each entry: its indentation, dashes and key, its value on the line or in a block, as they are written. Last, whatever
# follows an entry that is not certain. All repetition is possessive, so that the time is linear in the text.
ENTRY: Final = re.compile(
    r"""
    (?:
        ([ ]*+)
        ( (?: -[ ]++ )++ )?
        (?: ( [A-Za-z0-9_./$] [A-Za-z0-9_./$@()-]{0,500}+ | "[^"\\\n\t]{0,500}+" | '[^'\n\t]{0,500}+' ) : (?= [ \n] ) )?
        [ ]*+
        (?:
            (
                (?: [^\x00-\x20"#%&'*,:>?@\[\]`{|}!-] | [:-] (?= [^ \n\t] ) )
                [^\n:\#\t]*+ (?: (?: : (?= [^ \n\t] ) | (?<= [^ ] ) \# ) [^\n:\#\t]*+ )*+
                (?:
                    \n (?: [ ]*+ \n )*+ (?(2) (?(3) \1 [ ]{3} | \1 [ ] ) | \1 [ ] ) [ ]*+ (?! [\#\n] )
                    [^\n:\#\t]*+ (?: (?: : (?= [^ \n\t] ) | (?<= [^ ] ) \# ) [^\n:\#\t]*+ )*+
                    (?= \n | (?<= [ ] ) \# )
                )*+
              | " [^"\\\n\t]*+ (?: \\ [^\n\t] [^"\\\n\t]*+ )*+ "
              | ' [^'\n\t]*+ (?: '' [^'\n\t]*+ )*+ '
              | [\[{]
                (?:
                    [ ]*+
                    (?:
                        [^ "'\#\n\t]++ | " (?: [^"\\\n\t]++ | \\ [^\n\t] )*+ " | '[^'\n\t]*+' | (?<= [^ ] ) \#
                      | (?<= [,\[{] ) \n | \n (?= [ ]*+ [\]}] )
                    )++
                )*+
                (?<= [\]}] )
              | " (?: [^"\\\n\t]++ | \\ [^\n\t] | \\?+ \n (?= [ \n] ) )*+ "
              | ' (?: [^'\n\t]++ | '' | \n (?= [ \n] ) )*+ '
              |
            )
            [ ]*+ (?: (?<! [^ \n] ) \# [^\n]*+ )?+ \n
          | (
                [|>] [-+]?+ [ ]*+ (?: (?<= [ ] ) \# [^\n]*+ )?+ \n
                (?: (?(2) (?(3) \1 [ ]{3} | \1 [ ] ) | \1 [ ] ) [ ]*+ [^ \n] [^\n]*+ \n | [ ]*+ \n )*+
            )
        )
      | ( .++ )
    )
    """,
    re.VERBOSE | re.DOTALL,
)
# A list of texts on one line; those without quotes may be words.
TEXTS: Final = re.compile(r"""\[ *+(?:(?:"[^"\\]*+"|[A-Za-z_/][A-Za-z0-9_./-]*+) *+(?:, *+|(?=\])))++\]""")
TEXT: Final = re.compile(r"""[A-Za-z_/][A-Za-z0-9_./-]*+|"[^"]*+\"""")
