"""The catalogue of a folder of rules: one page in Markdown and one in HTML, to be searched by system and control."""
