"""The report to the superior: figures, drafted sentences, and files in the form an office signs.

snapshot    storage → figures, and from what they were computed
figures     standings → tables, pure
narrative   figures → drafted sentences
document    figures and sentences → one document, whatever the format
layouts     the measures of the Party's and the state's papers, as data
*_file      a document → DOCX, XLSX, PDF, CSV
verify      a file → the same figures computed again, and what differs
"""
