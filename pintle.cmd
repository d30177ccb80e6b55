@echo off
rem Starts Pintle on Windows. In a checkout it builds on first use; in an unpacked distribution it runs what is in lib.
setlocal
set "HERE=%~dp0"
set "JAVA=java"
if defined JAVA_HOME set "JAVA=%JAVA_HOME%\bin\java.exe"
"%JAVA%" -version >nul 2>&1
if errorlevel 1 (
  echo Pintle needs a Java development kit ^(JDK^), version 17 or newer. Set JAVA_HOME or put java in PATH. 1>&2
  exit /b 1
)
set "SPARK=no"
if "%~1"=="spark" set "SPARK=yes"
set "SPARKLIB="
set "OPTIONS="
if exist "%HERE%pom.xml" (
  set "ROOT=%HERE%"
  set "LIB=%HERE%app\target\pintle\lib"
  set "BENCH=;%HERE%bench\target\lib\*"
  if not exist "%HERE%app\target\pintle\built" call :build
  if errorlevel 1 exit /b 1
  if "%~1"=="spark" if not exist "%HERE%spark\target\lib\built" call :build
  if errorlevel 1 exit /b 1
  if "%~1"=="spark" set "SPARKLIB=;%HERE%spark\target\lib\*"
  if "%~1"=="spark" set "OPTIONS=@"%HERE%spark\target\lib\options""
) else (
  set "ROOT=%HERE%.."
  set "LIB=%HERE%..\lib"
  set "BENCH="
)
set "OTHERS="
if defined PINTLE_CLASSPATH set "OTHERS=;%PINTLE_CLASSPATH%"
set "OPT_OUT_TRACKING=true"
if not defined OMP_WAIT_POLICY set "OMP_WAIT_POLICY=passive"
set "VECTORS="
for %%I in ("%JAVA%") do findstr /c:"jdk.incubator.vector" "%%~dpI..\release" >nul 2>&1 && set "VECTORS=--add-modules=jdk.incubator.vector"
"%JAVA%" %OPTIONS% %VECTORS% --enable-native-access=ALL-UNNAMED -XX:+IgnoreUnrecognizedVMOptions -Djava.awt.headless=true -Dfile.encoding=UTF-8 "-Dpintle.home=%ROOT%" -Dorg.bytedeco.javacpp.nopointergc=true %JAVA_OPTS% -cp "%LIB%\*%BENCH%%SPARKLIB%%OTHERS%" dev.pintle.cli.Main %*
exit /b %ERRORLEVEL%

:build
where mvn >nul 2>&1
if errorlevel 1 (
  echo Building Pintle needs Maven, version 3.8 or newer, in PATH. 1>&2
  exit /b 1
)
if "%SPARK%"=="yes" (
  echo Building Pintle with Apache Spark ^(once; the first time Maven also downloads 230 MB^) ... 1>&2
) else (
  echo Building Pintle ^(once^) ... 1>&2
)
pushd "%HERE%"
call mvn -q -B -Pquick -Dpintle.spark=%SPARK% -Dmaven.test.skip=true package
if errorlevel 1 (popd & exit /b 1)
popd
echo built> "%HERE%app\target\pintle\built"
if "%SPARK%"=="yes" (
  "%JAVA%" -cp "%HERE%spark\target\lib\*" dev.pintle.spark.JvmOptions> "%HERE%spark\target\lib\options"
  echo built> "%HERE%spark\target\lib\built"
)
exit /b 0
