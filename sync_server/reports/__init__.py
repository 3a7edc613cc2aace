"""Reports on meetings: compute the figures, draft sentences and write files to be signed.

snapshot    reads the database and computes the figures, from records up to fixed positions
figures     computes the figures from the standings, without the database
narrative   drafts sentences from the figures
document    combines figures and sentences to one document, for any file format
layouts     contains the sizes and fixed texts of the Party's and the state's papers
*_file      write a document as DOCX, XLSX, PDF or CSV
verify      computes the figures of a file again and lists the differences
"""
