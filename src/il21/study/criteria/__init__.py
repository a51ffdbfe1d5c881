"""Response criteria as trials use them: structured readings in, responses and their dates out.

`findings` is the door for readings, `assess` reads them by a rule, one file a family of rules.
"""
